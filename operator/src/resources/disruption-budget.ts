import type { V1PodDisruptionBudget } from '@kubernetes/client-node';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { metadataOf, selectorOf } from './labels.ts';
import { namesOf } from './names.ts';

/** Of the members, a drain may take one at a time, and only while all others are ready. */
export function disruptionBudget(cluster: PaxosCluster): V1PodDisruptionBudget {
  const { name } = cluster.metadata;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadataOf(cluster, namesOf(name).disruptionBudget),
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'IfHealthyBudget',
      selector: { matchLabels: selectorOf(name) },
    },
  };
}
