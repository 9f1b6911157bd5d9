import { decided, type Observation } from '../observation/observation.ts';
import { stoppedRevision } from '../observation/template.ts';
import { saying, type Saying } from './condition.ts';
import type { Outcome } from '../verdict/outcome.ts';
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
  if (stoppedRevision(seen) !== undefined) {
    return say(
      'False',
      'RollStopped',
      'The first pod of the new template does not run, or does not become ready: the roll is ' +
        'stopped, and pods that come back meanwhile get the last good template. It goes on when ' +
        'that pod is ready, or with another change of the spec.',
    );
  }
  if (decided(seen) === undefined && standing.isFormed) {
    const message = 'No leader can be asked: nothing is changed but pods that do not run.';
    return say('False', 'NoLeader', message);
  }
  return say('False', 'Settled', 'Everything is as the spec asks for.');
}
