import type { Observation } from '../observation/observation.ts';
import { saying, type Saying } from './condition.ts';
import { areEnough, nameOf, type Standing } from '../observation/standing.ts';

/**
 * Whether too few voters are there to decide anything. Nothing is done about it but to let their
 * pods come back: whoever is gone may hold what was decided last.
 */
export function quorumLost(seen: Observation, standing: Standing): Saying {
  const { isFormed, voting, lists, quorum } = standing;
  const say = (status: Saying['status'], reason: string, message: string) =>
    saying('QuorumLost', status, reason, message);
  if (!isFormed) return say('False', 'NotFormed', 'The members do not make a cluster yet.');
  if (areEnough(standing)) {
    const message = `${voting.length} of ${lists.voters.length} voters answer; ${quorum} are needed.`;
    return say('False', 'EnoughVoters', message);
  }
  if (seen.natsDown !== undefined) {
    return say('Unknown', 'NATSUnreachable', 'The operator does not reach NATS.');
  }
  if (lists.voters.length === 0) {
    return say('True', 'NobodyAnswers', 'No member answers that knows the cluster.');
  }
  const missing = lists.voters
    .filter((voter) => !voting.some(({ member }) => member === voter))
    .map((voter) => nameOf(seen, voter));
  const survivors = voting.map(
    ({ name, member, ballot, slotOut }) =>
      `${name} (member ${member}, ballot ${ballot}, slot ${slotOut})`,
  );
  const left = survivors.length === 0 ? 'Nobody is left.' : `Left are ${survivors.join(', ')}.`;
  return say(
    'True',
    'TooFewVoters',
    `${voting.length} of ${lists.voters.length} voters can vote, and ${quorum} are needed. Missing: ` +
      `${missing.join(', ')}. ${left} What was decided after those slots is with the missing ones.` +
      (survivors.length === 0 ? '' : howToRecover(voting)),
  );
}

function howToRecover(voting: Standing['voting']): string {
  const best = voting.toSorted((a, b) => b.slotOut - a.slotOut)[0];
  return (
    ' Bring them back if you can. Only if they are lost for good: set spec.recovery.clusterId to ' +
    `${best?.clusterId ?? ''} and spec.recovery.member to the id of one of those that are left ` +
    `(${best?.member ?? ''} has the highest slot); a new cluster is made of what that one has ` +
    'applied, and whatever else was decided, acknowledged or not, is lost.'
  );
}
