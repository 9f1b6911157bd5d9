import { act, type Verdict } from '../verdict/action.ts';
import {
  decided,
  isBeingDeleted,
  isNamed,
  placeOf,
  recordedMember,
  type Observation,
} from '../observation/observation.ts';

/**
 * Notes on each volume which member is in it, once a configuration names that one. So it is known
 * of a member that does not answer where it was, and of a volume whether it was emptied.
 */
export function recordMember(seen: Observation): Verdict {
  const known = decided(seen);
  if (known === undefined) return undefined;
  for (const place of seen.places) {
    const [member, recorded] = [place.status?.member, recordedMember(place)];
    if (member === undefined || member === recorded || !isNamed(known.lists, member)) continue;
    // The one that was there before is needed until it is no member any more.
    if (place.volume === undefined || isBeingDeleted(place)) continue;
    if (isNamed(known.lists, recorded)) continue;
    // A copy is not where that member is.
    if (placeOf(seen, member) !== place) continue;
    const message = `Notes that ${place.name} has member ${member}.`;
    return act({ type: 'record', place, member }, 'Recording', message);
  }
  return undefined;
}
