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
