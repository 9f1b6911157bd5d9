{{/* The claim that the snapshots are kept in. */}}
{{- define "synod.backupClaim" -}}
{{ .Values.backup.claimName | default (printf "%s-backups" (include "synod.fullname" .)) }}
{{- end }}
