import { majorityOf } from '../../../contract/src/majority.ts';
import { isQuorumLost } from '../observation/standing.ts';
import { act, wait, type Verdict } from '../verdict/action.ts';
import {
  decided,
  isBeingDeleted,
  isRunning,
  isTerminating,
  isWell,
  knownMembers,
  placeOf,
  type Decided,
  type Observation,
  type Place,
} from '../observation/observation.ts';
import { isAwaited, isFailed, isOutdated, isRolling } from '../observation/template.ts';
import { isReady } from '../observation/unready-pods.ts';

/**
 * Step 7: makes the pods anew from the newest template, one after another: whoever does not vote,
 * then followers, then the leader, once another one has taken over.
 */
export function roll(seen: Observation): Verdict {
  const outdated = seen.places.filter(
    ({ pod }) => pod !== undefined && isRunning(pod) && isOutdated(seen, pod),
  );
  if (outdated.length === 0) return isRolling(seen) ? finish(seen) : undefined;
  const failed = outdated.find((place) => isFailed(seen, place) && isSpare(seen, place));
  if (failed !== undefined) {
    const message = `${failed.name} does not become ready: it is made anew from the newest template.`;
    return act({ type: 'delete-pod', place: failed }, 'Rolling', message);
  }
  const known = decided(seen);
  if (known === undefined) return awaitFailure(seen, outdated);
  const { leader } = known;
  const before = seen.places.find(
    (place) => !outdated.includes(place) && place.pod !== undefined && !isWell(place, leader),
  );
  if (before !== undefined) {
    const left = `${outdated.length} more are to be made anew`;
    return wait('WaitingToRoll', `Waits until ${before.name} is ready; ${left}.`);
  }
  const [next] = outdated.toSorted(
    (a, b) => rank(known, a) - rank(known, b) || b.ordinal - a.ordinal,
  );
  return next && renew(seen, known, next);
}

/** Each is of the newest template; the last ones are on their way. */
function finish(seen: Observation): Verdict {
  const last = seen.places.find(({ pod }) => pod === undefined || !isReady(pod));
  const left = 'no more are to be made anew';
  return last && wait('WaitingToRoll', `Waits until ${last.name} is ready; ${left}.`);
}

/**
 * Nothing is lost with the pod: the others go on without it; or nobody leads, though enough of them
 * answer. That may be because of this very template, so that a corrected one gets through.
 */
function isSpare(seen: Observation, place: Place): boolean {
  if (seen.natsDown !== undefined || isBeingDeleted(place)) return false;
  const { leader, lists } = knownMembers(seen);
  if (leader === undefined) return !isQuorumLost(seen);
  const others = lists.voters.map((voter) => placeOf(seen, voter)).filter((it) => it !== place);
  const well = others.filter((other) => isWell(other, leader));
  return well.length >= majorityOf(lists.voters.length);
}

/** Without a leader only a pod that has failed is touched, which time shows. */
function awaitFailure(seen: Observation, outdated: readonly Place[]): Verdict {
  const place = outdated.find((each) => isAwaited(seen, each));
  const message = `Nobody leads; ${place?.name ?? ''} is made anew if it does not become ready.`;
  return place && wait('WaitingToRoll', message);
}

function rank({ lists, leader }: Decided, { status }: Place): number {
  if (status === undefined) return 1;
  if (status.member === leader.member) return 3;
  if (!lists.voters.includes(status.member)) return 0;
  return status.ready ? 2 : 1;
}

function renew(seen: Observation, { lists, leader }: Decided, place: Place): Verdict {
  const others = lists.voters.filter((voter) => placeOf(seen, voter) !== place);
  const ailing = others.find((voter) => !isWell(placeOf(seen, voter), leader));
  if (ailing !== undefined) {
    const name = placeOf(seen, ailing)?.name ?? `voter ${ailing}`;
    return wait('WaitingToRoll', `Waits until ${name} is well before ${place.name} restarts.`);
  }
  if (isTerminating(place.pod)) return wait('Restarting', `${place.name} stops.`);
  if (isBeingDeleted(place)) {
    return wait('VolumeDeleted', `${place.name} can't restart: its volume would be gone.`);
  }
  const [heir] = others;
  if (heir !== undefined && placeOf(seen, leader.member) === place) {
    const message = `${place.name} leads, and is next: another one takes over first.`;
    return act({ type: 'transfer', to: heir }, 'HandingOver', message);
  }
  const message = `${place.name} is made anew from the newest template.`;
  return act({ type: 'delete-pod', place }, 'Rolling', message);
}
