import type {
  V1PersistentVolumeClaim,
  V1PodTemplateSpec,
  V1StatefulSet,
} from '@kubernetes/client-node';
import { bytesOf } from '../api/quantity.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { TEMPLATE } from './annotations.ts';
import { metadataOf, selectorOf } from './labels.ts';
import { VOLUME, namesOf } from './names.ts';

export interface StatefulSetInit {
  /** Follows the decided configuration and the volumes: see reconcile/pods.ts. */
  readonly replicas: number;
  readonly template: V1PodTemplateSpec;
  /** What the operator remembers of templates: see reconcile/template.ts. */
  readonly memory: string;
  /** The StatefulSet that is there. */
  readonly live: V1StatefulSet | undefined;
}

export function statefulSet(
  cluster: PaxosCluster,
  { replicas, template, memory, live }: StatefulSetInit,
): V1StatefulSet {
  const { name } = cluster.metadata;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadataOf(cluster, namesOf(name).statefulSet, { [TEMPLATE]: memory }),
    spec: {
      replicas,
      serviceName: namesOf(name).service,
      // Members need one another to be ready: none may wait for the one before it.
      podManagementPolicy: 'Parallel',
      // A roll that got stuck can't be turned back otherwise: the operator picks each pod.
      updateStrategy: { type: 'OnDelete' },
      persistentVolumeClaimRetentionPolicy: {
        // No volume may hang on what is about to be removed.
        whenDeleted: isOutgrown(cluster, live) ? 'Retain' : cluster.spec.storage.whenDeleted,
        whenScaled: 'Retain',
      },
      selector: { matchLabels: selectorOf(name) },
      template,
      volumeClaimTemplates: claimsOf(live) ?? [claim(cluster)],
    },
  };
}

/** Volumes of new pods would be smaller than the spec asks for: see reconcile/grow-volumes.ts. */
export function isOutgrown(cluster: PaxosCluster, live: V1StatefulSet | undefined): boolean {
  const [asked] = live?.spec?.volumeClaimTemplates ?? [];
  const size = asked?.spec?.resources?.requests?.['storage'];
  return asked !== undefined && bytesOf(size) < bytesOf(cluster.spec.storage.size);
}

/** They can't be changed any more: where they have to be, the StatefulSet is made again. */
function claimsOf(live: V1StatefulSet | undefined): V1PersistentVolumeClaim[] | undefined {
  return live?.spec?.volumeClaimTemplates?.map(({ apiVersion, kind, metadata, spec }) => {
    const { name, labels, annotations } = metadata ?? {};
    return {
      ...(apiVersion && { apiVersion }),
      ...(kind && { kind }),
      metadata: {
        ...(name && { name }),
        ...(labels && { labels }),
        ...(annotations && { annotations }),
      },
      ...(spec && { spec }),
    };
  });
}

function claim({ spec: { storage } }: PaxosCluster): V1PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: VOLUME },
    spec: {
      accessModes: [storage.accessMode],
      resources: { requests: { storage: storage.size } },
      ...(storage.className && { storageClassName: storage.className }),
    },
  };
}
