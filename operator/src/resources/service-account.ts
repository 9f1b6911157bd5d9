import type { V1ServiceAccount } from '@kubernetes/client-node';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import { metadataOf } from './labels.ts';
import { namesOf } from './names.ts';

/** Members ask nothing of the API server: their account has no rights, and no token. */
export function serviceAccount(cluster: PaxosCluster): V1ServiceAccount {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadataOf(cluster, namesOf(cluster.metadata.name).serviceAccount),
    automountServiceAccountToken: false,
  };
}
