import type { Note } from '../observation/note.ts';
import type { Observation } from '../observation/observation.ts';
import { stoppedRevision } from '../observation/template.ts';

/** The roll goes no further before a person has had a look. */
export function stoppedRoll(seen: Observation): Note | undefined {
  if (stoppedRevision(seen) === undefined) return undefined;
  const message =
    'The first pod of the new template does not run, or does not become ready: the roll is ' +
    'stopped, and pods that come back meanwhile get the last good template. It goes on when ' +
    'that pod is ready, or with another change of the spec.';
  return { reason: 'RollStopped', message };
}
