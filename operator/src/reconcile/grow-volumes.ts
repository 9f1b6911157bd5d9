import { act, wait, type Verdict } from './action.ts';
import { isBeingDeleted, type Observation } from './observation.ts';

const units: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** Step 8: lets volumes grow to the size that the spec has; the storage driver does it. */
export function growVolumes(seen: Observation): Verdict {
  const { size } = seen.cluster.spec.storage;
  const wanted = bytesOf(size);
  const there = seen.places.filter((place) => place.volume !== undefined && !isBeingDeleted(place));
  for (const place of there) {
    const asked = bytesOf(place.volume?.spec?.resources?.requests?.['storage']);
    if (asked >= wanted) continue;
    const message = `The volume of ${place.name} is to have ${size}.`;
    return act({ type: 'grow-volume', place, size }, 'GrowingVolume', message);
  }
  const growing = there.find(({ volume }) =>
    volume?.status?.conditions?.some(({ type, status }) => /Resiz/.test(type) && status === 'True'),
  );
  return growing && wait('GrowingVolume', `The volume of ${growing.name} grows to ${size}.`);
}

/** What is written otherwise is left alone. */
function bytesOf(quantity: string | undefined): number {
  const [, digits, unit] = /^([0-9]+)(Ki|Mi|Gi|Ti)?$/.exec(quantity ?? '') ?? [];
  return digits === undefined ? Infinity : Number(digits) * (units[unit ?? ''] ?? 1);
}
