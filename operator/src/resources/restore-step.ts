import type { V1Container, V1PodTemplateSpec } from '@kubernetes/client-node';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { SNAPSHOT } from './annotations.ts';
import { RESTORER } from './names.ts';
import { CONFINED, DATA_FOLDER, DATA_MOUNT } from './pod-template.ts';

const FOLDER = '/snapshot';

/** The snapshot that a new cluster is to begin with, in one word. */
export function askedSnapshot({ spec }: PaxosCluster): string | undefined {
  const { claimName, path } = spec.bootstrap?.snapshot ?? {};
  return claimName === undefined ? undefined : `${claimName}/${path ?? ''}`;
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
  const { snapshot } = cluster.spec.bootstrap ?? {};
  const asked = askedSnapshot(cluster);
  if (spec === undefined || snapshot === undefined || asked === undefined) return template;
  const { claimName, path } = snapshot;
  const volume = { name: 'snapshot', persistentVolumeClaim: { claimName, readOnly: true } };
  return {
    metadata: { ...metadata, annotations: { ...metadata?.annotations, [SNAPSHOT]: asked } },
    spec: {
      ...spec,
      initContainers: [restorer(cluster, `${FOLDER}/${path}`)],
      volumes: [...(spec.volumes ?? []), volume],
    },
  };
}

function restorer({ spec }: PaxosCluster, file: string): V1Container {
  const { image, imagePullPolicy, resources } = spec;
  const cli = ['node', 'dist/cli/src/main.js'];
  return {
    name: RESTORER,
    image,
    ...(imagePullPolicy && { imagePullPolicy }),
    command: [...cli, 'snapshot', 'restore', file, '--data', DATA_FOLDER, '--if-blank'],
    ...(resources && { resources }),
    volumeMounts: [DATA_MOUNT, { name: 'snapshot', mountPath: FOLDER, readOnly: true }],
    // Of one that failed, the pod's status has the sentence that it ended with.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: CONFINED,
  };
}
