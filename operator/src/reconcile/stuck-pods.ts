import { act, type Verdict } from './action.ts';
import {
  ageMs,
  isBeingDeleted,
  isRunning,
  isTerminating,
  recordedMember,
  type Observation,
  type Place,
} from './observation.ts';
import { isOutdated } from './template.ts';

/** An image may be on its way. */
const STARTING_MS = 10_000;
/** A connection that was lost comes back by itself. */
const CONNECTING_MS = 30_000;

/**
 * A pod that has no vote to lose is made anew from the newest template, one at a time, also when
 * the quorum is lost: so a corrected spec always gets through.
 */
export function replaceStuckPod(seen: Observation): Verdict {
  for (const place of seen.places) {
    const why = stuckBecause(seen, place);
    if (why === undefined) continue;
    const message = `${place.name} ${why}; it is made anew from the newest template.`;
    return act({ type: 'delete-pod', place }, 'ReplacingPod', message);
  }
  return undefined;
}

function stuckBecause(seen: Observation, place: Place): string | undefined {
  const { pod, status } = place;
  if (pod === undefined || isTerminating(pod) || !isOutdated(seen, pod)) return undefined;
  // A volume that somebody deleted goes with its pod; before there is a cluster, it is blank.
  const isBlank = seen.first === undefined && recordedMember(place) === undefined;
  if (isBeingDeleted(place) && !isBlank) return undefined;
  const age = ageMs(pod, seen.now);
  if (!isRunning(pod)) return age < STARTING_MS ? undefined : 'does not run';
  if (status?.role === 'unformed') return 'has not been told its cluster';
  const isCutOff = status?.natsConnected === false && seen.natsDown === undefined;
  return isCutOff && age >= CONNECTING_MS
    ? 'does not reach NATS, which the operator does'
    : undefined;
}
