import type { MemberLists } from '../../../contract/src/membership.ts';
import { isUnfit } from '../../../contract/src/status.ts';
import type { MemberRow } from '../api/status.ts';
import {
  cutOffSinceOf,
  isCaughtUp,
  isCutOff,
  recordedMember,
  type Observation,
  type Place,
} from '../observation/observation.ts';
import { timeOf } from './condition.ts';
import type { Standing } from '../observation/standing.ts';

/** A row for each pod or volume. Nothing in it changes at every write. */
export function memberRows(seen: Observation, { lists, leader }: Standing): MemberRow[] {
  return seen.places.map((place) => {
    const { name, status } = place;
    const cutOffSince = isCutOff(seen, place)
      ? (cutOffSinceOf(seen, place) ?? timeOf(seen.now))
      : undefined;
    const reason = reasonOf(place);
    const id = status?.member ?? recordedMember(place);
    return {
      name,
      ...(id !== undefined && { id }),
      role: roleOf(lists, place),
      ...(reason !== undefined && { reason }),
      ready: status?.ready ?? false,
      caughtUp: status !== undefined && isCaughtUp(status, leader),
      ...(status !== undefined && { version: status.version }),
      ...(cutOffSince !== undefined && { cutOffSince }),
    };
  });
}

function reasonOf({ status, waitsFor }: Place): string | undefined {
  return status !== undefined && isUnfit(status.role) ? status.alarms[0] : waitsFor;
}

function roleOf({ voters, learners }: MemberLists, place: Place): MemberRow['role'] {
  const { status } = place;
  const said = status?.role;
  if (said === 'damaged' || said === 'halted' || said === 'unformed') return said;
  if (place.waitsFor !== undefined) return 'waiting';
  const id = status?.member ?? recordedMember(place) ?? '';
  if (voters.includes(id)) return 'voter';
  if (learners.includes(id)) return 'learner';
  return status === undefined ? 'unknown' : 'outsider';
}
