import type { MemberId } from './ballot.ts';
import type { Configuration } from './configuration.ts';
import type { Command } from './pvalue.ts';

/** A change of the configuration, as the log holds it. */
export interface Change {
  /** The number of the configuration that it was computed from: void after any other. */
  readonly base: number;
  readonly voters: readonly MemberId[];
  readonly learners: readonly MemberId[];
  /** It was asked for although a quorum of the new voters was not reachable. */
  readonly forced: boolean;
}

/** Begins a change, and no command of a client: theirs have their version there, from 1 on. */
const TAG = 0;

/** The command that makes the change. Layout: tag u8 | JSON. */
export function encodeChange({ base, voters, learners, forced }: Change): Command {
  const json = JSON.stringify({ base, voters, learners, forced });
  return Uint8Array.from([TAG, ...new TextEncoder().encode(json)]);
}

/** @returns `undefined` when the command is no change: the core looks no further into it */
export function parseChange(command: Command): Change | undefined {
  if (command[0] !== TAG) return undefined;
  try {
    const text = new TextDecoder().decode(command.subarray(1));
    const { base, voters, learners, forced } = JSON.parse(text) as Partial<Change>;
    if (!Number.isSafeInteger(base) || typeof forced !== 'boolean') return undefined;
    if (!areIds(voters) || !areIds(learners)) return undefined;
    return { base: base as number, voters, learners, forced };
  } catch {
    return undefined;
  }
}

function areIds(ids: unknown): ids is string[] {
  return Array.isArray(ids) && ids.every((id) => typeof id === 'string' && id.length > 0);
}

/** Why a change may not be made. */
export type Refusal = 'OUTDATED' | 'PENDING' | 'LAST_VOTER' | 'MANY_AT_ONCE' | 'UNKNOWN_MEMBER';

/**
 * Whether a change may follow the newest configuration (design, section 4).
 * @param inForce whether that is in force at the slot in question
 */
export function refusalOf(
  change: Change,
  newest: Configuration,
  inForce: boolean,
): Refusal | undefined {
  const { base, voters, learners } = change;
  if (base !== newest.number) return 'OUTDATED';
  if (!inForce) return 'PENDING';
  if (voters.length === 0) return 'LAST_VOTER';
  const everybody = [...voters, ...learners];
  if (new Set(everybody).size < everybody.length) return 'UNKNOWN_MEMBER';
  const added = voters.filter((voter) => !newest.voters.includes(voter));
  const removed = newest.voters.filter((voter) => !voters.includes(voter));
  // Of one voter more or less, any two quorums meet; a learner comes first.
  if (added.length + removed.length > 1) return 'MANY_AT_ONCE';
  return added.every((voter) => newest.learners.includes(voter)) ? undefined : 'UNKNOWN_MEMBER';
}
