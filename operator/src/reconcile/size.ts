import type { MemberLists } from '../../../contract/src/membership.ts';
import { isUnfit } from '../../../contract/src/status.ts';
import { act, wait, type Verdict } from '../verdict/action.ts';
import { isSurplus } from './heal.ts';
import { admit, dismiss } from './membership.ts';
import {
  decided,
  isBeingDeleted,
  isNamed,
  isTerminating,
  isWell,
  placeOf,
  recordedMember,
  replicasOf,
  type Decided,
  type Observation,
  type Place,
} from '../observation/observation.ts';

/**
 * Step 6: brings the voters to the number that the spec asks for, one change at a time. It fills
 * what is empty before it takes anything away.
 */
export function size(seen: Observation): Verdict {
  const known = decided(seen);
  if (known === undefined) return undefined;
  return learners(seen, known) ?? fill(seen, known) ?? grow(seen, known) ?? shrink(seen, known);
}

/** Voters that are missing. Those whose place nobody knows may be somewhere: they count. */
function vacancies(seen: Observation, { voters }: MemberLists): number {
  const { replicas } = seen.cluster.spec;
  const staying = voters.filter((voter) => (placeOf(seen, voter)?.ordinal ?? 0) < replicas);
  return replicas - staying.length;
}

/** Whoever learns comes to vote, or goes, before the next one comes. */
function learners(seen: Observation, known: Decided): Verdict {
  const { lists } = known;
  for (const learner of lists.learners) {
    const place = placeOf(seen, learner);
    const name = place?.name ?? `the learner ${learner}`;
    if (place === undefined || place.ordinal >= seen.cluster.spec.replicas) {
      return dismiss(seen, known, learner, name, 'nobody needs it');
    }
    if (isBeingDeleted(place)) {
      return dismiss(seen, known, learner, name, 'its volume is being deleted');
    }
    if (vacancies(seen, lists) > 0) return admit(seen, known, place);
  }
  return undefined;
}

/** Adds a blank member that runs already. */
function fill(seen: Observation, known: Decided): Verdict {
  const { lists } = known;
  if (vacancies(seen, lists) <= 0) return undefined;
  const free = seen.places
    .filter((place) => place.ordinal < Math.min(seen.cluster.spec.replicas, replicasOf(seen)))
    .filter(
      (place) => !isNamed(lists, place.status?.member) && !isNamed(lists, recordedMember(place)),
    );
  const ready = free.find(
    (place) =>
      place.status !== undefined &&
      !isUnfit(place.status.role) &&
      !isTerminating(place.pod) &&
      !isBeingDeleted(place),
  );
  if (ready !== undefined) return admit(seen, known, ready);
  const [first] = free;
  return first && wait('WaitingForMember', `Waits for a new member in ${first.name}.`);
}

/** One pod more than there are voters. */
function grow(seen: Observation, { lists, leader }: Decided): Verdict {
  const replicas = replicasOf(seen);
  if (replicas >= seen.cluster.spec.replicas || vacancies(seen, lists) <= 0) return undefined;
  const ailing = seen.places.find((place) => !isWell(place, leader));
  if (ailing !== undefined) {
    return wait('WaitingForMember', `Waits for ${ailing.name} before another member comes.`);
  }
  const message = `Starts pod ${replicas + 1} of ${seen.cluster.spec.replicas}.`;
  return act({ type: 'scale', replicas: replicas + 1 }, 'AddingPod', message);
}

/** The last one goes first: its vote, then its volume, then its pod. */
function shrink(seen: Observation, known: Decided): Verdict {
  const place = seen.places.find((each) => isSurplus(seen, each));
  if (place === undefined) return undefined;
  const { lists } = known;
  const member = [place.status?.member, recordedMember(place)].find((id) => isNamed(lists, id));
  if (member !== undefined) return dismissLast(seen, known, place, member);
  if (place.volume === undefined || isBeingDeleted(place)) {
    const replicas = place.ordinal;
    return act({ type: 'scale', replicas }, 'RemovingPod', `Stops ${place.name}.`);
  }
  const held = place.status?.member;
  const homeless = lists.voters.find((voter) => placeOf(seen, voter) === undefined);
  if (held === undefined && homeless !== undefined) {
    return wait('UnknownVolume', `The volume of ${place.name} may be that of voter ${homeless}.`);
  }
  return act(
    {
      type: 'delete-volume',
      place,
      member: held,
      configuration: lists.number,
      withPod: false,
    },
    'ReleasingVolume',
    `Deletes the volume of ${place.name}, which no member needs.`,
  );
}

function dismissLast(seen: Observation, known: Decided, place: Place, member: string): Verdict {
  const { lists, leader } = known;
  const others = lists.voters.filter((voter) => voter !== member);
  const ailing = others.find((voter) => !isWell(placeOf(seen, voter), leader));
  if (ailing !== undefined) {
    const name = placeOf(seen, ailing)?.name ?? `voter ${ailing}`;
    return wait(
      'WaitingToShrink',
      `${place.name} is to go, but ${name} is not well: it is healed before anything is taken away.`,
    );
  }
  const why = `the cluster is to have ${seen.cluster.spec.replicas} members`;
  return dismiss(seen, known, member, place.name, why);
}
