import type { Observation } from '../observation/observation.ts';
import { saying, type Saying } from './condition.ts';
import type { Standing } from '../observation/standing.ts';

/** Whether the cluster takes commands. */
export function available({ natsDown }: Observation, standing: Standing): Saying {
  const { isFormed, leader, voting, lists, quorum, well } = standing;
  const say = (status: Saying['status'], reason: string, message: string) =>
    saying('Available', status, reason, message);
  if (!isFormed) return say('False', 'NotFormed', 'The members do not make a cluster yet.');
  const count = `${well.length} of ${lists.voters.length} voters are well`;
  if (leader !== undefined && voting.length >= quorum) {
    const spare = Math.max(0, well.length - quorum);
    const may = spare === 0 ? 'no further one may fail or be drained' : `${spare} may fail`;
    return say('True', 'Leading', `${leader.name} leads; ${count}, ${may}.`);
  }
  if (natsDown !== undefined && leader === undefined) {
    const message = 'The operator does not reach NATS, and no member says that it leads.';
    return say('Unknown', 'NATSUnreachable', message);
  }
  if (voting.length >= quorum) {
    return say('False', 'NoLeader', `No member leads: ${count}; one of them may lead soon.`);
  }
  return say('False', 'QuorumLost', `No member can lead: ${count}, and ${quorum} are needed.`);
}
