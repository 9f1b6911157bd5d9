import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { PaxosClusterSpec } from './spec.ts';
import type { PaxosClusterStatus } from './status.ts';

export const GROUP = 'paxos.synod.dev';
export const VERSION = 'v1alpha1';
export const KIND = 'PaxosCluster';
export const PLURAL = 'paxosclusters';

/** A cluster as the API server hands it out: it has a name, a namespace, a uid. */
export interface PaxosCluster {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: V1ObjectMeta & {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
  };
  readonly spec: PaxosClusterSpec;
  readonly status?: PaxosClusterStatus;
}
