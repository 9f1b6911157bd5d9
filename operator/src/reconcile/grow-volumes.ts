import { bytesOf } from '../api/quantity.ts';
import { isOutgrown } from '../resources/stateful-set.ts';
import { act, wait, type Verdict } from '../verdict/action.ts';
import {
  decided,
  isBeingDeleted,
  type Observation,
  type Place,
} from '../observation/observation.ts';
import { isRolledOut } from '../observation/template.ts';

/**
 * Step 8: lets volumes grow to the size that the spec has; the storage driver does it. The claims
 * that a StatefulSet makes can't be changed: it is removed, and made again over the same pods and
 * volumes, so that new members get volumes of the new size, too.
 */
export function growVolumes(seen: Observation): Verdict {
  const { size } = seen.cluster.spec.storage;
  const there = seen.places.filter((place) => place.volume !== undefined && !isBeingDeleted(place));
  const small = there.find((place) => askedBy(place) < bytesOf(size));
  if (small !== undefined) {
    const message = `The volume of ${small.name} is to have ${size}.`;
    return act({ type: 'grow-volume', place: small, size }, 'GrowingVolume', message);
  }
  const growing = there.find(({ volume }) =>
    volume?.status?.conditions?.some(({ type, status }) => /Resiz/.test(type) && status === 'True'),
  );
  const waits = growing && wait('GrowingVolume', `The volume of ${growing.name} grows to ${size}.`);
  return isOutgrown(seen.cluster, seen.statefulSet) ? remake(seen, size) : waits;
}

function askedBy({ volume }: Place): number {
  return bytesOf(volume?.spec?.resources?.requests?.['storage']);
}

/**
 * Once nothing else is going on: what the operator remembers of templates goes with the
 * StatefulSet. While there is none, no pod comes back, and only volumes say how many there are.
 */
function remake(seen: Observation, size: string): Verdict {
  const isCalm =
    decided(seen) !== undefined &&
    isRolledOut(seen) &&
    seen.places.every((place) => place.volume !== undefined && !isBeingDeleted(place));
  if (!isCalm) {
    const message = `New volumes get ${size} when every pod is ready and up to date.`;
    return wait('WaitingToGrow', message);
  }
  const held = seen.places.find(({ volume }) =>
    volume?.metadata?.ownerReferences?.some(({ kind }) => kind === 'StatefulSet'),
  );
  if (held !== undefined) {
    const message = `Waits until the volume of ${held.name} does not hang on the StatefulSet.`;
    return wait('WaitingToGrow', message);
  }
  const message = `The StatefulSet is made again, so that new volumes have ${size}.`;
  return act({ type: 'remake' }, 'GrowingVolume', message);
}
