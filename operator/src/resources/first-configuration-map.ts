import type { V1ConfigMap, V1OwnerReference } from '@kubernetes/client-node';
import {
  encodeFirstConfiguration,
  parseFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { CLUSTER_LABEL, labelsOf, ownerOf } from './labels.ts';
import { namesOf } from './names.ts';

const KEY = 'first-configuration.json';

/** What the cluster began with: created before any member is told, and never changed. */
export function firstConfigurationMap(
  cluster: PaxosCluster,
  first: FirstConfiguration,
): V1ConfigMap {
  const { name, namespace } = cluster.metadata;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: namesOf(name).firstConfiguration,
      namespace,
      labels: labelsOf(name),
      ownerReferences: firstConfigurationOwners(cluster),
    },
    immutable: true,
    data: { [KEY]: encodeFirstConfiguration(first) },
  };
}

/** It has to be there as long as the volumes are: when they are kept, it is kept. */
export function firstConfigurationOwners(cluster: PaxosCluster): V1OwnerReference[] {
  return cluster.spec.storage.whenDeleted === 'Delete' ? [ownerOf(cluster)] : [];
}

/** @returns `undefined` when the map is somebody else's, or was changed */
export function readFirstConfiguration(
  cluster: PaxosCluster,
  map: V1ConfigMap,
): FirstConfiguration | undefined {
  if (map.metadata?.labels?.[CLUSTER_LABEL] !== cluster.metadata.name) return undefined;
  return parseFirstConfiguration(map.data?.[KEY] ?? '');
}
