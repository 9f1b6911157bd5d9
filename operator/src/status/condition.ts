import type { PaxosCluster } from '../api/paxos-cluster.ts';
import type { Condition, ConditionType } from '../api/status.ts';

/** What a condition says; when it began to say so comes later. */
export type Saying = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

export function saying(
  type: ConditionType,
  status: Condition['status'],
  reason: string,
  message: string,
): Saying {
  return { type, status, reason, message };
}

/** As it was when somebody last looked. */
export function storedCondition({ status }: PaxosCluster, type: ConditionType) {
  return status?.conditions?.find((each) => each.type === type);
}

/** Kubernetes keeps times to the second. */
export function timeOf(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}
