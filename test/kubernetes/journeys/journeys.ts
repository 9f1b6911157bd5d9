import { setTimeout as sleep } from 'node:timers/promises';
import { beginnings } from './beginnings.ts';
import { changes } from './changes.ts';
import { failures } from './failures.ts';
import type { Journey } from './journey.ts';

/** Longer than another operator takes to lead when one was killed. */
const KILL_EVERY_MS = 25_000;

const plain: readonly Journey[] = [...failures, ...changes, ...beginnings];

/** The same journey, with an operator that is killed from its beginning to its end. */
function withOperatorKilled(journey: Journey): Journey {
  return {
    name: `${journey.name}; the operator is killed again and again`,
    always: false,
    run: async (release) => {
      const over = new AbortController();
      const killing = (async () => {
        while (!over.signal.aborted) {
          await release.replaceOperators();
          await sleep(KILL_EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined);
        }
      })();
      try {
        await journey.run(release);
      } finally {
        over.abort();
        await killing;
      }
    },
  };
}

/** Those of CI first. */
export const journeys: readonly Journey[] = [
  ...plain.filter(({ always }) => always),
  ...plain.filter(({ always }) => !always),
  ...plain.filter(({ isLong }) => isLong !== true).map(withOperatorKilled),
];
