{{/* Everything that the release makes begins with this: the release's name, if it says synod. */}}
{{- define "synod.fullname" -}}
{{- $name := .Values.fullnameOverride | default (contains "synod" .Release.Name | ternary .Release.Name (printf "%s-synod" .Release.Name)) -}}
{{- $name | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "synod.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* Labels that select. Called with (list $ component). */}}
{{- define "synod.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: synod
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "synod.labels" -}}
{{- $root := index . 0 -}}
{{ include "synod.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ $root.Chart.Name }}-{{ $root.Chart.Version }}
{{- end }}

{{/*
Labels or annotations of two maps, each key once: what the first one has counts. Called with
(list map map).
*/}}
{{- define "synod.pairs" -}}
{{- $first := index . 0 }}
{{- range $key, $value := $first }}
{{ $key }}: {{ $value | quote }}
{{- end }}
{{- /* "merge" would take false and "" for nothing. */}}
{{- range $key, $value := index . 1 }}
{{- if not (hasKey $first $key) }}
{{ $key }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The restricted pod security standard. */}}
{{- define "synod.podSecurity" -}}
runAsNonRoot: true
{{- if not .Values.assignedUser }}
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "synod.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* What operator and NATS may have set about their pods. */}}
{{- define "synod.scheduling" -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with index $.scheduling $key }}
{{ $key }}: {{ toJson . }}
{{- end }}
{{- end }}
{{- end }}

{{/* One a node, if possible, unless the values say otherwise. Called with (list $ component values). */}}
{{- define "synod.spread" -}}
{{- with (index . 2).topologySpreadConstraints }}
{{- toYaml . }}
{{- else -}}
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels: {{- include "synod.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{- define "synod.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end }}

{{/* The name of the release's own cluster. */}}
{{- define "synod.cluster" -}}
{{ .Values.cluster.name | default (include "synod.fullname" .) }}
{{- end }}

{{/* The name of the release's NATS. */}}
{{- define "synod.nats" -}}
{{ include "synod.fullname" . }}-nats
{{- end }}

{{- define "synod.natsUrl" -}}
{{- if .Values.nats.enabled -}}
nats://{{ include "synod.nats" . }}.{{ .Release.Namespace }}.svc:4222
{{- else -}}
{{- required "nats.url is missing: with nats.enabled=false it says where NATS is" .Values.nats.url -}}
{{- end -}}
{{- end }}

{{/*
The ports of a policy for who connects to NATS, wherever it is: those of its URL. What has no port
at its end has 4222.
*/}}
{{- define "synod.natsPorts" -}}
{{- range splitList "," (.Values.nats.enabled | ternary "" .Values.nats.url) }}
{{ regexFind ":[0-9]+$" (trim . | trimSuffix "/") | trimPrefix ":" | default "4222" }}
{{- end }}
{{- end }}

{{/*
The users of the release's NATS, as JSON {users: [{name, role, secret, cluster}]}: for each cluster,
each role and each generation. Clusters have users of their own, limited to their own subjects.
*/}}
{{- define "synod.users" -}}
{{- $users := list -}}
{{- $roles := .Files.Get "files/permissions.json" | fromJson | keys | sortAlpha -}}
{{- $clusters := .Values.nats.clusters -}}
{{- if .Values.cluster.enabled -}}
{{- $clusters = prepend $clusters (include "synod.cluster" .) -}}
{{- end -}}
{{- range $cluster := uniq $clusters -}}
{{- range $generation := $.Values.nats.auth.generations -}}
{{- range $role := $roles -}}
{{- $users = append $users (dict "role" $role
  "name" (printf "%s-%s-%d" $cluster $role (int $generation))
  "secret" (printf "%s-nats-%s-%d" $cluster $role (int $generation))
  "cluster" $cluster) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ dict "users" $users | toJson }}
{{- end }}

{{/* The Secret that a role of the release's cluster connects with. Called with (list $ role). */}}
{{- define "synod.credentials" -}}
{{- $root := index . 0 -}}
{{- $nats := $root.Values.nats -}}
{{- $role := index . 1 -}}
{{- if $nats.enabled -}}
{{ include "synod.cluster" $root }}-nats-{{ $role }}-{{ last $nats.auth.generations | int }}
{{- else -}}
{{ index (dict "member" $nats.credentialsSecret "operator" $nats.operatorSecret "writer" $nats.writerSecret "administrator" $nats.administratorSecret) $role }}
{{- end -}}
{{- end }}

{{/* The Secret with what clients of NATS need for TLS; empty without TLS. */}}
{{- define "synod.natsTls" -}}
{{- if not .Values.nats.enabled -}}
{{ .Values.nats.tlsSecret }}
{{- else if .Values.nats.tls.enabled -}}
{{ required "nats.tls.clientSecret is missing: the Secret with ca.crt that members and clients trust" .Values.nats.tls.clientSecret }}
{{- end -}}
{{- end }}
