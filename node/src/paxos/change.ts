import type { Configuration } from './configuration.ts';
import type { Change } from './system-command.ts';

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
