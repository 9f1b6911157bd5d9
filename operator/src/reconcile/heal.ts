import { MAX_VOTERS } from '../../../contract/src/first-configuration.ts';
import { isUnfit } from '../../../contract/src/status.ts';
import type { MemberLists } from '../../../contract/src/membership.ts';
import { act, wait, type Verdict } from '../verdict/action.ts';
import { admit, dismiss } from './membership.ts';
import {
  decided,
  isBeingDeleted,
  isIdleCopy,
  isNamed,
  isTerminating,
  lostBecause,
  placeOf,
  recordedMember,
  replicasOf,
  successorPlace,
  type Decided,
  type Observation,
  type Place,
} from '../observation/observation.ts';

/**
 * Step 5: replaces members that are lost for good. First the configuration without the old one is
 * in force, then its volume goes, then its pod; the pod comes back with a blank member. Where a
 * blank one is in its place already, that one comes first.
 */
export function heal(seen: Observation): Verdict {
  const known = decided(seen);
  if (known === undefined) return undefined;
  for (const member of [...known.lists.learners, ...known.lists.voters]) {
    const why = lostBecause(seen, member);
    if (why !== undefined) return replace(seen, known, member, why);
  }
  return release(seen, known);
}

function replace(seen: Observation, known: Decided, member: string, why: string): Verdict {
  const { voters } = known.lists;
  const name = `${placeOf(seen, member)?.name ?? 'a voter'} (member ${member})`;
  if (voters.length === 1 && voters.includes(member)) {
    return wait('LastVoterLost', `${name} is lost, as ${why}, and nobody else can vote.`);
  }
  const successor = successorPlace(seen, member);
  const id = successor?.status?.member ?? '';
  const isComing =
    successor !== undefined &&
    successor.ordinal < seen.cluster.spec.replicas &&
    voters.includes(member) &&
    voters.length < MAX_VOTERS &&
    !voters.includes(id);
  return isComing ? admit(seen, known, successor) : dismiss(seen, known, member, name, why);
}

/** What belonged to a member that is none any more: it must never come back under that id. */
function release(seen: Observation, { lists }: Decided): Verdict {
  for (const place of seen.places) {
    const { volume, pod, name } = place;
    const held = [recordedMember(place), place.status?.member];
    if (volume === undefined || held.some((id) => isHere(seen, lists, place, id))) continue;
    const former = formerMember(seen, lists, place);
    if (former !== undefined && isKept(place, former)) return retire(place, former, lists);
    // While a recovery is asked for, it may be of the old cluster: then it is left as it is.
    const isLost = place.lost !== undefined && seen.cluster.spec.recovery === undefined;
    const isGoing = isLost || isBeingDeleted(place);
    const isBlank = recordedMember(place) === undefined && areElsewhere(seen, lists);
    const isCopy = isSpare(seen, place);
    if (former === undefined && !(isGoing && isBlank) && !isCopy) continue;
    if (!isBeingDeleted(place)) {
      const withPod = !isSurplus(seen, place);
      return act(
        { type: 'delete-volume', place, member: former, configuration: lists.number, withPod },
        'ReleasingVolume',
        former === undefined
          ? `Deletes the volume of ${name}: ${isCopy ? 'it is a copy' : (place.lost ?? '')}.`
          : `Deletes the volume of ${name}: its member ${former} is none any more.`,
      );
    }
    // With fewer pods it would go by itself: see size.ts.
    if (pod === undefined || isTerminating(pod) || isSurplus(seen, place)) continue;
    const message = `${name} is made anew, with a new volume.`;
    return act({ type: 'delete-pod', place }, 'ReplacingPod', message);
  }
  return undefined;
}

/** A configuration names it, and what is in the place is needed for it: a copy is not. */
function isHere(
  seen: Observation,
  lists: MemberLists,
  place: Place,
  member: string | undefined,
): boolean {
  if (member === undefined || !isNamed(lists, member)) return false;
  return !isSpare(seen, place) || placeOf(seen, member) === place;
}

/** A copy. While a recovery is asked for, what is in it may be needed for that. */
function isSpare(seen: Observation, place: Place): boolean {
  return seen.cluster.spec.recovery === undefined && isIdleCopy(seen, place);
}

/** It may have what was acknowledged, and is nowhere else. */
function isKept({ status, isSeen }: Place, former: string): boolean {
  return (
    isSeen && status?.role === 'halted' && status.haltedBy !== 'twin' && status.member === former
  );
}

function retire({ name, status }: Place, member: string, lists: MemberLists): Verdict {
  const clusterId = status?.clusterId ?? '';
  return act(
    { type: 'retire', member, request: { clusterId }, configuration: lists.number },
    'SettingAside',
    `Has ${name} set aside what its halted member ${member} has, and come back blank.`,
  );
}

/** Who was a member, by the note on the volume, or could be none: it says that it is unfit. */
function formerMember(seen: Observation, lists: MemberLists, place: Place): string | undefined {
  const [recorded, status] = [recordedMember(place), place.status];
  // While a recovery is asked for, it may be of the old cluster, and know no more of which it was.
  const isOurs = seen.cluster.spec.recovery === undefined;
  if (isSpare(seen, place)) return recorded === status?.member ? undefined : recorded;
  if (isOurs && place.isSeen && status && isUnfit(status.role)) return status.member;
  // Of a silent one, the note may be old: who is in the volume now may just have got a vote.
  if (status === undefined) return areElsewhere(seen, lists) ? recorded : undefined;
  // Where it was emptied, another member waits to be added.
  return status.member === recorded ? recorded : undefined;
}

/** Of everybody who is named it is known where they are. */
function areElsewhere(seen: Observation, { voters, learners }: MemberLists): boolean {
  return [...voters, ...learners].every((member) => placeOf(seen, member) !== undefined);
}

/** The last pod, which goes next. */
export function isSurplus(seen: Observation, { ordinal }: Place): boolean {
  return ordinal >= seen.cluster.spec.replicas && ordinal === replicasOf(seen) - 1;
}
