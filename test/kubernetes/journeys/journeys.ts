import { setTimeout as sleep } from 'node:timers/promises';
import { beginnings } from './beginnings.ts';
import { changes } from './changes.ts';
import { failures } from './failures.ts';
import type { Journey } from './journey.ts';

/** An operator that leads has so much time: enough for a step, and not for a journey. */
const LEADS_MS = 5_000;

const plain: readonly Journey[] = [...failures, ...changes, ...beginnings];

/** The same journey, with an operator that is killed from its beginning to its end. */
function withOperatorKilled(journey: Journey): Journey {
  return {
    name: `${journey.name}; the operator is killed again and again`,
    always: false,
    run: async (release, load) => {
      const over = new AbortController();
      const killing = (async () => {
        while (!over.signal.aborted) {
          await release.replaceOperators();
          await release.operatorLeads();
          await sleep(LEADS_MS, undefined, { signal: over.signal }).catch(() => undefined);
        }
      })();
      // Said in the end, and not before.
      killing.catch(() => undefined);
      try {
        await journey.run(release, load);
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
