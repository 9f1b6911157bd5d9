import { createHash } from 'node:crypto';
import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { RefusedRecovery } from '../api/status.ts';

/** Always the same: whoever goes on with it, and however often, makes one new cluster. */
export function recoveredClusterId(recovery: {
  readonly clusterId: string;
  readonly member: string;
}): string {
  const { clusterId, member } = recovery;
  return createHash('sha256').update(`${clusterId} ${member}`).digest('hex').slice(0, 32);
}

/** It was asked for while there was a quorum: whoever forgot it there does not want it now. */
export function isRefused({ status }: PaxosCluster, recovery: RefusedRecovery): boolean {
  const { clusterId, member } = status?.refusedRecovery ?? {};
  return clusterId === recovery.clusterId && member === recovery.member;
}
