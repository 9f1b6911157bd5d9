import { isRolledOut } from '../observation/template.ts';
import type { Observation } from '../observation/observation.ts';
import type { Standing } from '../observation/standing.ts';
import type { Outcome } from '../verdict/outcome.ts';
import { saying, type Saying } from './condition.ts';
import { stoppedRoll } from './stopped-roll.ts';

/**
 * What `helm --wait`, Flux and Argo CD wait for, as kstatus has it: the cluster is as its spec asks
 * for, and serves with all voters well.
 */
export function ready(
  seen: Observation,
  standing: Standing,
  isAvailable: Saying,
  outcome: Outcome,
): Saying {
  const say = (status: Saying['status'], reason: string, message: string) =>
    saying('Ready', status, reason, message);
  if (isAvailable.status !== 'True') {
    return say(isAvailable.status, isAvailable.reason, isAvailable.message);
  }
  const { stop, problems, doing, waits } = outcome;
  const notes = [stop, ...problems, doing, ...waits, stoppedRoll(seen)];
  const first = notes.find((note) => note !== undefined);
  if (first !== undefined) return say('False', first.reason, first.message);
  const { lists, well } = standing;
  const { replicas } = seen.cluster.spec;
  if (lists.voters.length !== replicas || lists.learners.length > 0) {
    const message = `The cluster has ${lists.voters.length} voters, and is to have ${replicas}.`;
    return say('False', 'AnotherSize', message);
  }
  if (well.length < replicas) {
    const message = `${well.length} of ${replicas} voters are well.`;
    return say('False', 'VotersNotWell', message);
  }
  if (!isRolledOut(seen)) {
    const message = 'Not every pod is ready and as the spec asks for.';
    return say('False', 'PodsNotUpToDate', message);
  }
  return say('True', 'AllWell', `The cluster serves, and its ${replicas} voters are well.`);
}
