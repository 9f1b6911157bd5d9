/** What an alarm can be about. The codes are part of the contract; docs/alarms.md has each. */
export const alarmCodes = [
  'damaged',
  'halted',
  'another-history',
  'no-state',
  'state-kept',
  'nats',
  'two-clusters',
  'no-quorum',
  'no-leader',
  'undecided',
  'disk-slow',
  'disk-full',
  'quota-near',
  'quota-reached',
  'loop-stalled',
] as const;

export type AlarmCode = (typeof alarmCodes)[number];

/** What a person should look at. */
export interface Alarm {
  readonly code: AlarmCode;
  /** What is wrong, and what to do. Nothing in it changes while the cause stays the same. */
  readonly sentence: string;
}
