import { act, wait, type Verdict } from '../verdict/action.ts';
import {
  ageMs,
  containerOf,
  copiesOf,
  decided,
  isBeingDeleted,
  isRunning,
  isTerminating,
  placeOf,
  type Observation,
  type Place,
} from '../observation/observation.ts';

/** Two that start again and again would outdo one another: each is given time to be heard. */
const RESTART_MS = 30_000;

/**
 * Two processes under the id of one member were heard, and each has given up its roles. One of
 * them works on a copy of the volume. That one goes first, see heal.ts; then the member's own pod
 * is made anew, which starts a later run of it. It asks the others before it votes: if its data
 * turns out to be the older copy, it says so, and is replaced like a damaged one.
 */
export function restartTwin(seen: Observation): Verdict {
  if (decided(seen) === undefined) return undefined;
  for (const place of seen.places) {
    const { status, isSeen, name, pod } = place;
    if (!isSeen || status?.haltedBy !== 'twin' || pod === undefined) continue;
    if (isTerminating(pod) || isBeingDeleted(place) || !isRunning(pod)) continue;
    if (placeOf(seen, status.member) !== place) continue;
    const [copy] = copiesOf(seen, status.member, place);
    if (copy !== undefined) {
      const message = `${name} halted: ${copy.name} has a copy of its data. That one goes first.`;
      return wait('TwinRuns', message);
    }
    if (runsFor(seen, place) < RESTART_MS) {
      return wait('TwinRuns', `${name} halted because of a twin, and is restarted soon.`);
    }
    const message =
      `${name} halted, because another process ran under the id of its member; it is restarted, and ` +
      'asks the others before it votes.';
    return act({ type: 'delete-pod', place }, 'RestartingHalted', message);
  }
  return undefined;
}

function runsFor({ now }: Observation, { pod }: Place): number {
  const { startedAt } = (pod && containerOf(pod))?.state?.running ?? {};
  if (startedAt !== undefined) return now - new Date(startedAt).getTime();
  return pod === undefined ? 0 : ageMs(pod, now);
}
