import type { Note } from '../observation/note.ts';
import type { Observation } from '../observation/observation.ts';
import { standingOf } from '../observation/standing.ts';
import type { Outcome } from '../verdict/outcome.ts';
import { recoveryRefused } from './refused-recovery.ts';
import { stoppedRoll } from './stopped-roll.ts';

/**
 * Where a person has to act, for events. Each is said in the same words for as long as it holds:
 * only so is it counted, and not written again and again.
 */
export function warningsOf(seen: Observation, { stop, problems }: Outcome): Note[] {
  const standing = standingOf(seen);
  const rollNote = stoppedRoll(seen);
  return [
    ...(stop ? [stop] : []),
    ...problems,
    ...recoveryRefused(seen, standing),
    ...(rollNote ? [rollNote] : []),
  ];
}
