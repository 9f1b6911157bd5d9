/** What a member says of itself: `/status`, and the answer to a status request. JSON. */
export interface MemberStatus {
  readonly cluster: string;
  readonly member: string;
  readonly version: string;
  readonly machine: string;
  readonly mode: 'stable' | 'on-demand';
  readonly role: 'leader' | 'follower' | 'learner' | 'outsider' | 'damaged';
  readonly ready: boolean;
  /** As `round.leader`, or `none`. */
  readonly ballot: string;
  /** The active leader that this member knows of. */
  readonly leader: string | null;
  /** The number of the newest configuration that this member has applied; its members. */
  readonly configuration: number;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
  readonly window: number;
  /** Every slot below it is applied. */
  readonly slotOut: number;
  /** Every slot below it is in the state on disk. */
  readonly flushedSlotOut: number;
  /** The log has no slot below it any more. */
  readonly floor: number;
  /** Operations that this process applied since its start. */
  readonly operationsApplied: number;
  readonly natsConnected: boolean;
  readonly logBytes: number;
  readonly stateBytes: number;
  readonly uptimeSeconds: number;
  /** What a person should look at, a sentence each. */
  readonly alarms: readonly string[];
}

/** What a member of an older version does not say. */
const unsaid = { configuration: 0, learners: [], floor: 0 };

/** Parses a status from outside. @returns `undefined` when it is not one */
export function parseStatus(text: string): MemberStatus | undefined {
  try {
    const status = JSON.parse(text) as Partial<MemberStatus>;
    const whole =
      typeof status.member === 'string' &&
      typeof status.slotOut === 'number' &&
      Array.isArray(status.voters) &&
      Array.isArray(status.alarms);
    return whole ? { ...unsaid, ...(status as MemberStatus) } : undefined;
  } catch {
    return undefined;
  }
}
