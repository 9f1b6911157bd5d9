{{/*
The configuration of nats-server. What begins with $ comes from the environment of the container,
and that from Secrets.
*/}}
{{- define "synod.natsConfig" -}}
{{- $permissions := .Files.Get "files/permissions.json" | fromJson -}}
server_name: $POD_NAME
port: 4222
http_port: 8222
ping_interval: "5s"
ping_max: 2
# Who takes nothing any more, as on a lost node, holds up the others for so long.
write_deadline: "2s"
# Before it stops it tells its clients, and lets one after another go: 30 s is the least that it takes.
lame_duck_duration: "30s"
lame_duck_grace_period: "1s"
{{- if .Values.nats.tls.enabled }}
tls {
  cert_file: "/etc/nats-tls/tls.crt"
  key_file: "/etc/nats-tls/tls.key"
  ca_file: "/etc/nats-tls/ca.crt"
  verify: {{ .Values.nats.tls.verifyClients }}
}
{{- end }}
{{- if gt (int .Values.nats.replicas) 1 }}
cluster {
  name: {{ include "synod.nats" . | quote }}
  port: 6222
  # A lost route looks healthy from both sides: it has to be noticed soon.
  ping_interval: "5s"
  ping_max: 2
  authorization { user: $ROUTES_USERNAME, password: $ROUTES_PASSWORD }
  {{- if .Values.nats.tls.enabled }}
  tls {
    cert_file: "/etc/nats-tls/tls.crt"
    key_file: "/etc/nats-tls/tls.key"
    ca_file: "/etc/nats-tls/ca.crt"
  }
  {{- end }}
  routes: [
    {{- range $i := until (int .Values.nats.replicas) }}
    $ROUTE_{{ $i }}
    {{- end }}
  ]
}
{{- end }}
authorization {
  timeout: 5
  users: [
    {{- range $i, $user := (include "synod.users" . | fromJson).users }}
    {{- $names := printf "%s.%s" $.Release.Namespace $user.cluster }}
    {{- $role := index $permissions $user.role }}
    {
      # {{ $user.name }}
      user: $USERNAME_{{ $i }}
      password: $PASSWORD_{{ $i }}
      permissions: {
        publish: { allow: {{ $role.publish.allow | toRawJson | replace "NAMESPACE.CLUSTER" $names }} }
        subscribe: { allow: {{ $role.subscribe.allow | toRawJson | replace "NAMESPACE.CLUSTER" $names }} }
      }
    }
    {{- end }}
  ]
}
{{- end }}
