import type { MemberRole } from '../../../contract/src/status.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Configuration } from '../paxos/configuration.ts';

/** What a member that is not leading is in the configurations that it knows of. */
export function roleOf(
  self: MemberId,
  known: readonly Pick<Configuration, 'voters' | 'learners'>[],
): MemberRole {
  if (known.some(({ voters }) => voters.includes(self))) return 'follower';
  return known.some(({ learners }) => learners.includes(self)) ? 'learner' : 'outsider';
}
