import { decided, type Observation } from '../observation/observation.ts';
import { saying, type Saying } from './condition.ts';
import type { Outcome } from '../verdict/outcome.ts';
import { stoppedRoll } from './stopped-roll.ts';
import type { Standing } from '../observation/standing.ts';

/** What the operator is doing, or waits for. */
export function progressing(seen: Observation, standing: Standing, outcome: Outcome): Saying {
  const { stop, refusal, doing, waits, problems } = outcome;
  const say = (status: Saying['status'], reason: string, message: string) =>
    saying('Progressing', status, reason, message);
  if (stop !== undefined) return say('False', stop.reason, stop.message);
  const [problem] = problems;
  if (problem !== undefined) return say('False', problem.reason, problem.message);
  if (refusal !== undefined) {
    return say('True', refusal.reason, `${doing?.message ?? ''} Not done yet: ${refusal.message}`);
  }
  const [now] = [...(doing ? [doing] : []), ...waits];
  if (now !== undefined) return say('True', now.reason, now.message);
  const stopped = stoppedRoll(seen);
  if (stopped !== undefined) return say('False', stopped.reason, stopped.message);
  if (seen.natsDown !== undefined && standing.isFormed) {
    const message =
      'The operator does not reach NATS: nothing is changed but pods that do not run.';
    return say('False', 'NATSUnreachable', message);
  }
  if (decided(seen) === undefined && standing.isFormed) {
    const message = 'No leader can be asked: nothing is changed but pods that do not run.';
    return say('False', 'NoLeader', message);
  }
  return say('False', 'Settled', 'Everything is as the spec asks for.');
}
