import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './lab-error.ts';

const PAUSE_MS = 100;

/**
 * Asks until the answer is yes.
 * @param what completes "It took more than 5 s until …"
 * @throws LabError with the last failure when the deadline passes
 */
export async function until(
  what: string,
  deadlineMs: number,
  ask: () => Promise<boolean> | boolean,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  let failure: unknown;
  do {
    try {
      if (await ask()) return;
      failure = undefined;
    } catch (error) {
      failure = error;
    }
    await sleep(PAUSE_MS);
  } while (performance.now() < end);
  const reason = failure instanceof Error ? ` (${failure.message})` : '';
  throw new LabError(`It took more than ${deadlineMs / 1000} s until ${what}${reason}.`);
}
