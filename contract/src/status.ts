/** What a member says of itself: `/status`, and the answer to a status request. JSON. */
export interface MemberStatus {
  readonly cluster: string;
  readonly member: string;
  readonly version: string;
  readonly machine: string;
  readonly mode: 'stable' | 'on-demand';
  readonly role: 'leader' | 'follower' | 'damaged';
  readonly ready: boolean;
  /** As `round.leader`, or `none`. */
  readonly ballot: string;
  /** The active leader that this member knows of. */
  readonly leader: string | null;
  readonly voters: readonly string[];
  readonly window: number;
  /** Every slot below it is applied. */
  readonly slotOut: number;
  /** Every slot below it is in the state on disk. */
  readonly flushedSlotOut: number;
  /** Operations that this process applied since its start. */
  readonly operationsApplied: number;
  readonly natsConnected: boolean;
  readonly logBytes: number;
  readonly stateBytes: number;
  readonly uptimeSeconds: number;
  /** What a person should look at, a sentence each. */
  readonly alarms: readonly string[];
}

/** Parses a status from outside. @returns `undefined` when it is not one */
export function parseStatus(text: string): MemberStatus | undefined {
  try {
    const status = JSON.parse(text) as Partial<MemberStatus>;
    const whole =
      typeof status.member === 'string' &&
      typeof status.slotOut === 'number' &&
      Array.isArray(status.voters) &&
      Array.isArray(status.alarms);
    return whole ? (status as MemberStatus) : undefined;
  } catch {
    return undefined;
  }
}
