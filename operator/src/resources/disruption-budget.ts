import type { V1PodDisruptionBudget } from '@kubernetes/client-node';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { metadataOf, selectorOf } from './labels.ts';
import { namesOf } from './names.ts';

/** Kubernetes itself labels the pods of a StatefulSet so. */
const POD_NAME = 'statefulset.kubernetes.io/pod-name';

/** What a drain may take: see observation/drains.ts. */
interface Budget {
  readonly type: 'any' | 'one-by-one' | 'only';
  /** Of `only`: the budget is not theirs, and nothing holds them. */
  readonly pods?: readonly string[];
}

/** Of the members, a drain may take one at a time, and only while all of them are well. */
export function disruptionBudget(
  cluster: PaxosCluster,
  { type, pods = [] }: Budget,
): V1PodDisruptionBudget {
  const { name } = cluster.metadata;
  const others = { key: POD_NAME, operator: 'NotIn', values: [...pods] };
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadataOf(cluster, namesOf(name).disruptionBudget),
    spec: {
      maxUnavailable: type === 'only' ? 0 : 1,
      // Of one pod alone, or of pods that never were ready, the other policy would let none go.
      unhealthyPodEvictionPolicy: type === 'any' ? 'AlwaysAllow' : 'IfHealthyBudget',
      selector: {
        matchLabels: selectorOf(name),
        ...(pods.length > 0 && { matchExpressions: [others] }),
      },
    },
  };
}
