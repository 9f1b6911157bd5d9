import type { MemberId } from './ballot.ts';
import type { Slot } from './pvalue.ts';
import { quorumSize } from './quorum.ts';

/**
 * The garbage-collection floor (PMMC 4.2): the (f+1)-th highest of the slots that the voters have
 * on disk, f = n − quorum, in each configuration in force or pending. So of any quorum that is
 * left, one member at least has the state of every slot below.
 * @param configurations the voters of each
 * @param flushed as far as a voter's state is on its disk
 */
export function floorOf(
  configurations: readonly (readonly MemberId[])[],
  flushed: (voter: MemberId) => Slot,
): Slot {
  const floors = configurations.map((voters) => {
    const f = voters.length - quorumSize(voters.length);
    return voters.map(flushed).sort((a, b) => b - a)[f] ?? 0;
  });
  return Math.min(...floors);
}
