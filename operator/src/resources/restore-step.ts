import type {
  V1Container,
  V1EnvVar,
  V1PodTemplateSpec,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { S3Object } from '../api/spec.ts';
import { SNAPSHOT } from './annotations.ts';
import { RESTORER } from './names.ts';
import { CONFINED, DATA_FOLDER, DATA_MOUNT, resourcesOf } from './pod-template.ts';

const FOLDER = '/snapshot';
const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];

/** Where a snapshot is, for the container that restores it. */
interface Source {
  /** The same as long as the same is asked for, of the same place, with the same rights. */
  readonly asked: string;
  /** As `synod snapshot restore` takes it. */
  readonly address: string;
  readonly env: readonly V1EnvVar[];
  readonly mount: V1VolumeMount;
  readonly volume: V1Volume;
}

/** The snapshot that a new cluster is to begin with, in one word. */
export function askedSnapshot(cluster: PaxosCluster): string | undefined {
  return sourceOf(cluster)?.asked;
}

function sourceOf({ spec }: PaxosCluster): Source | undefined {
  const { claimName, path, s3 } = spec.bootstrap?.snapshot ?? {};
  if (s3 !== undefined) return inBucket(s3);
  return claimName === undefined || path === undefined ? undefined : onClaim(claimName, path);
}

function onClaim(claimName: string, path: string): Source {
  const name = 'snapshot';
  return {
    asked: `${claimName}/${path}`,
    address: `${FOLDER}/${path}`,
    env: [],
    mount: { name, mountPath: FOLDER, readOnly: true },
    volume: { name, persistentVolumeClaim: { claimName, readOnly: true } },
  };
}

/** It is copied to a file first, and the container's own files cannot be written. */
function inBucket({ bucket, key, endpoint, region, credentialsSecret: secret }: S3Object): Source {
  const address = `s3://${bucket}/${key}`;
  const name = 'scratch';
  return {
    asked: [address, endpoint ?? 'aws', region, secret].join(' '),
    address,
    env: [
      { name: 'AWS_REGION', value: region },
      ...(endpoint === undefined ? [] : [{ name: 'AWS_ENDPOINT_URL_S3', value: endpoint }]),
      ...CREDENTIALS.map((name) => ({
        name,
        valueFrom: { secretKeyRef: { name: secret, key: name } },
      })),
    ],
    mount: { name, mountPath: '/tmp' },
    volume: { name, emptyDir: {} },
  };
}

/**
 * The pod of a cluster that has not begun yet: before its member starts, the snapshot is put into
 * its data folder, if that is blank.
 */
export function withRestoreStep(
  template: V1PodTemplateSpec,
  cluster: PaxosCluster,
): V1PodTemplateSpec {
  const { metadata, spec } = template;
  const source = sourceOf(cluster);
  if (spec === undefined || source === undefined) return template;
  return {
    metadata: { ...metadata, annotations: { ...metadata?.annotations, [SNAPSHOT]: source.asked } },
    spec: {
      ...spec,
      initContainers: [restorer(cluster, source)],
      volumes: [...(spec.volumes ?? []), source.volume],
    },
  };
}

function restorer(cluster: PaxosCluster, { address, env, mount }: Source): V1Container {
  const { image, imagePullPolicy } = cluster.spec;
  const cli = ['node', 'dist/cli/src/main.js'];
  return {
    name: RESTORER,
    image,
    ...(imagePullPolicy && { imagePullPolicy }),
    command: [...cli, 'snapshot', 'restore', address, '--data', DATA_FOLDER, '--if-blank'],
    ...(env.length > 0 && { env: [...env] }),
    resources: resourcesOf(cluster),
    volumeMounts: [DATA_MOUNT, mount],
    // Of one that failed, the pod's status has the sentence that it ended with.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: CONFINED,
  };
}
