import { majorityOf } from '../../../contract/src/majority.ts';
import { act, wait, type Verdict } from '../verdict/action.ts';
import {
  ageMs,
  cutOffSinceOf,
  decided,
  isBeingDeleted,
  isCutOff,
  isRunning,
  isTerminating,
  isWell,
  placeOf,
  recordedMember,
  type Decided,
  type Observation,
  type Place,
} from '../observation/observation.ts';
import { isOutdated } from '../observation/template.ts';

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
    if (why !== undefined) return replace(place, why);
  }
  return reconnect(seen);
}

function replace(place: Place, why: string): Verdict {
  const message = `${place.name} ${why}; it is made anew from the newest template.`;
  return act({ type: 'delete-pod', place }, 'ReplacingPod', message);
}

function stuckBecause(seen: Observation, place: Place): string | undefined {
  const { pod, status } = place;
  if (pod === undefined || !isReplaceable(seen, place)) return undefined;
  if (!isRunning(pod)) {
    // Whatever Kubernetes knows of it: who answers may have a vote.
    const isEarly = ageMs(pod, seen.now) < STARTING_MS;
    return isEarly || status !== undefined ? undefined : 'does not run';
  }
  return status?.role === 'unformed' ? 'has not been told its cluster' : undefined;
}

function isReplaceable(seen: Observation, place: Place): boolean {
  const { pod } = place;
  if (pod === undefined || isTerminating(pod) || !isOutdated(seen, pod)) return false;
  // A volume that somebody deleted goes with its pod; before there is a cluster, it is blank.
  const isBlank = seen.first === undefined && recordedMember(place) === undefined;
  return !isBeingDeleted(place) || isBlank;
}

/**
 * Who has not reached NATS for a while counts in no quorum. Where one works without it, its pod is
 * not waited for by the roll; where none does, there is none to lose.
 */
function reconnect(seen: Observation): Verdict {
  const place = seen.places.find(
    (each) => each.pod && isRunning(each.pod) && isReplaceable(seen, each) && isCutOff(seen, each),
  );
  if (place === undefined) return undefined;
  const what = `${place.name} does not reach NATS, which the operator does`;
  if (!hasLasted(seen, place) || seen.places.some((each) => isOnItsWay(seen, each))) {
    return wait('WaitingForConnection', `${what}: it is given time.`);
  }
  const known = decided(seen);
  if (known !== undefined && !isDispensable(seen, known, place)) {
    return wait('WaitingForConnection', `${what}, and too few of the others are well.`);
  }
  return replace(place, 'does not reach NATS, which the operator does');
}

function hasLasted(seen: Observation, place: Place): boolean {
  const since = cutOffSinceOf(seen, place);
  return since !== undefined && seen.now - Date.parse(since) >= CONNECTING_MS;
}

/** Its pod stops, or has just come and may connect yet: one at a time. */
function isOnItsWay({ now }: Observation, { pod, status, isOnNode }: Place): boolean {
  if (pod === undefined) return true;
  // On a node that is away it stops for ever.
  if (isTerminating(pod)) return isOnNode;
  return status?.natsConnected !== true && ageMs(pod, now) < CONNECTING_MS;
}

function isDispensable(seen: Observation, { lists, leader }: Decided, place: Place): boolean {
  const others = lists.voters.filter((voter) => {
    const its = placeOf(seen, voter);
    return its !== place && isWell(its, leader);
  });
  return others.length >= majorityOf(lists.voters.length);
}
