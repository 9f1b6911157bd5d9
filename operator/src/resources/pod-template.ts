import type {
  V1Container,
  V1EnvVar,
  V1PodDNSConfig,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Probe,
  V1ResourceRequirements,
  V1SecurityContext,
  V1TopologySpreadConstraint,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { bytesOf } from '../api/quantity.ts';
import { RESTARTED_AT } from './annotations.ts';
import { labelsOf, selectorOf } from './labels.ts';
import { CONTAINER, HTTP_PORT, VOLUME, namesOf } from './names.ts';

/** Of the user `nonroot` that images without a distribution have. */
const USER = 65_532;
export const DATA_MOUNT: V1VolumeMount = { name: VOLUME, mountPath: '/data' };
export const DATA_FOLDER = '/data/member';
/**
 * What a member takes under load, see docs/benchmark.md. Without it the kubelet would evict members
 * first. No default of the spec: that would restart the pods of every cluster there is.
 */
const LEAST_RESOURCES: V1ResourceRequirements = { requests: { cpu: '100m', memory: '256Mi' } };
const NATS_FOLDER = '/etc/synod/nats';
const TLS_FOLDER = '/etc/synod/tls';
/** A member hands leadership over, writes its state and stops within 5 s: see node/src/main.ts. */
const GRACE_SECONDS = 20;

/** What hangs at its start is restarted then: by then a slow disk with 350 GB has been read. */
const START_SECONDS = 3_600;
const SLOW_BYTES_PER_SECOND = 100_000_000;
const START_PERIOD_SECONDS = 5;

/** What the restricted standard asks of a container, and more. */
export const CONFINED: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/**
 * A part of the DNS queries for NATS goes to a name server on the node that was lost, until the
 * Service of DNS has noticed: ask again after 1 s, not after 5.
 */
const DNS: V1PodDNSConfig = {
  options: [
    { name: 'timeout', value: '1' },
    { name: 'attempts', value: '1' },
  ],
};

/**
 * The pod of a member, as it is made for a new request. A change of this builder rolls through no
 * cluster: it comes with the next request, see reconcile/template.ts.
 */
export function podTemplate(cluster: PaxosCluster): V1PodTemplateSpec {
  const { spec } = cluster;
  return {
    metadata: {
      labels: { ...spec.podLabels, ...labelsOf(cluster.metadata.name) },
      annotations: annotations(cluster),
    },
    spec: {
      serviceAccountName: namesOf(cluster.metadata.name).serviceAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      dnsConfig: DNS,
      securityContext: {
        runAsNonRoot: true,
        ...(!spec.assignedUser && { runAsUser: USER, runAsGroup: USER, fsGroup: USER }),
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [member(cluster)],
      volumes: secretVolumes(cluster),
      ...placement(cluster),
    },
  };
}

function annotations({ metadata, spec }: PaxosCluster): Record<string, string> {
  const restartedAt = metadata.annotations?.[RESTARTED_AT];
  const scrape = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': String(HTTP_PORT),
    'prometheus.io/path': '/metrics',
  };
  return {
    ...(spec.monitoring.scrapeAnnotations ? scrape : {}),
    ...spec.podAnnotations,
    ...(restartedAt === undefined ? {} : { [RESTARTED_AT]: restartedAt }),
  };
}

function placement({ metadata, spec }: PaxosCluster): Partial<V1PodSpec> {
  const { imagePullSecrets, affinity, tolerations, priorityClassName } = spec;
  const aNodeEach: V1TopologySpreadConstraint = {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: selectorOf(metadata.name) },
  };
  return {
    topologySpreadConstraints: spec.topologySpreadConstraints ?? [aNodeEach],
    ...(imagePullSecrets && { imagePullSecrets }),
    ...(affinity && { affinity }),
    ...(tolerations && { tolerations }),
    ...(priorityClassName && { priorityClassName }),
  };
}

function member(cluster: PaxosCluster): V1Container {
  const { image, imagePullPolicy } = cluster.spec;
  return {
    name: CONTAINER,
    image,
    ...(imagePullPolicy && { imagePullPolicy }),
    command: ['node', 'dist/node/src/main.js'],
    env: environment(cluster),
    ports: [{ name: 'http', containerPort: HTTP_PORT, protocol: 'TCP' }],
    resources: resourcesOf(cluster),
    volumeMounts: mounts(cluster),
    // Until it answers for the first time it reads its state, all of it.
    startupProbe: probe('/healthz', {
      periodSeconds: START_PERIOD_SECONDS,
      failureThreshold: Math.ceil(startSeconds(cluster) / START_PERIOD_SECONDS),
    }),
    // That it answers at all shows that its event loop turns.
    livenessProbe: probe('/healthz', { failureThreshold: 6 }),
    readinessProbe: probe('/readyz', { periodSeconds: 2, failureThreshold: 2 }),
    securityContext: CONFINED,
  };
}

/** All that its volume may hold, read from a slow disk. */
function startSeconds({ spec }: PaxosCluster): number {
  return Math.max(START_SECONDS, bytesOf(spec.storage.size) / SLOW_BYTES_PER_SECOND);
}

export function resourcesOf({ spec }: PaxosCluster): V1ResourceRequirements {
  return spec.resources ?? LEAST_RESOURCES;
}

function probe(path: string, more: Pick<V1Probe, 'periodSeconds' | 'failureThreshold'>): V1Probe {
  return {
    httpGet: { path, port: 'http', scheme: 'HTTP' },
    periodSeconds: 10,
    timeoutSeconds: 5,
    ...more,
  };
}

function environment(cluster: PaxosCluster): V1EnvVar[] {
  const { metadata, spec } = cluster;
  const { nats, settings } = spec;
  const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
  const own: V1EnvVar[] = [
    { name: 'SYNOD_CLUSTER', value: metadata.name },
    { name: 'SYNOD_NAMESPACE', ...field('metadata.namespace') },
    { name: 'SYNOD_NAME', ...field('metadata.name') },
    { name: 'SYNOD_DATA', value: DATA_FOLDER },
    { name: 'SYNOD_HTTP_HOST', value: '0.0.0.0' },
    { name: 'SYNOD_HTTP_PORT', value: String(HTTP_PORT) },
    { name: 'SYNOD_MACHINE', value: spec.machine },
    { name: 'SYNOD_NATS_URL', value: nats.url },
    { name: 'SYNOD_WITNESS', value: 'operator' },
    ...optional('SYNOD_NATS_CREDENTIALS_DIR', nats.credentialsSecret && NATS_FOLDER),
    ...optional('SYNOD_NATS_TLS_DIR', nats.tlsSecret && TLS_FOLDER),
    ...optional('SYNOD_LOG_LEVEL', settings.logLevel),
    ...optional('SYNOD_BATCH_BYTES', settings.batchBytes),
    ...optional('SYNOD_MAX_COMMAND_BYTES', settings.maxCommandBytes),
    ...optional('SYNOD_PIPELINE', settings.pipeline),
    ...optional('SYNOD_QUEUE_BYTES', settings.queueBytes),
    ...optional('SYNOD_LOG_BYTES', settings.logBytes),
    ...optional('SYNOD_QUOTA_BYTES', settings.quotaBytes),
    ...optional('SYNOD_FREE_BYTES', settings.freeBytes),
    ...optional('SYNOD_CHECKPOINT_MS', settings.checkpointMs),
    ...optional('SYNOD_TICK_MS', settings.tickMs),
  ];
  // The definition refuses them, and clusters that are older than that rule may have them: who a
  // member is, where its data lies and how it runs is the operator's to say.
  return [...own, ...(spec.env ?? []).filter(({ name }) => !name.startsWith('SYNOD_'))];
}

function optional(name: string, value: string | number | undefined): V1EnvVar[] {
  return value === undefined ? [] : [{ name, value: String(value) }];
}

function secrets({ spec: { nats } }: PaxosCluster) {
  const found = [
    { name: 'nats', secretName: nats.credentialsSecret, mountPath: NATS_FOLDER },
    { name: 'tls', secretName: nats.tlsSecret, mountPath: TLS_FOLDER },
  ];
  return found.flatMap(({ secretName, ...rest }) =>
    secretName === undefined ? [] : [{ secretName, ...rest }],
  );
}

function secretVolumes(cluster: PaxosCluster): V1Volume[] {
  return secrets(cluster).map(({ name, secretName }) => ({ name, secret: { secretName } }));
}

function mounts(cluster: PaxosCluster): V1VolumeMount[] {
  const ofSecrets = secrets(cluster).map(({ name, mountPath }) => ({
    name,
    mountPath,
    readOnly: true,
  }));
  return [DATA_MOUNT, ...ofSecrets];
}
