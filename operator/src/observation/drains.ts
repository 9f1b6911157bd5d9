import { placeOf, recordedMember, type Observation } from './observation.ts';
import { standingOf } from './standing.ts';

/** Which pods a drain may take, as far as the quorum is concerned. */
export type Drains =
  /** There is no quorum to lose; or it goes with any pod, whenever that is taken. */
  | { readonly type: 'any' }
  | { readonly type: 'one-by-one' }
  /** The others are needed. */
  | { readonly type: 'only'; readonly pods: readonly string[] };

/**
 * While a voter is not well, or learns, only those may go that are not among the well ones; and
 * nobody may, where these are no quorum. Readiness alone does not tell: a pod may be ready, and its
 * member be far behind, or not be heard by its leader.
 */
export function drainsOf(seen: Observation): Drains {
  if (!hasDecided(seen)) return { type: 'any' };
  const { lists, well, quorum } = standingOf(seen);
  const isAlone = lists.voters.length <= 1 && seen.cluster.spec.replicas === 1;
  if (isAlone) return { type: 'any' };
  const areAllWell = well.length === lists.voters.length && lists.learners.length === 0;
  if (areAllWell && well.length > quorum) return { type: 'one-by-one' };
  if (well.length < quorum) return { type: 'only', pods: [] };
  const needed = well.map((voter) => placeOf(seen, voter));
  const pods = seen.places.filter((place) => !needed.includes(place)).map(({ name }) => name);
  return { type: 'only', pods };
}

/**
 * Somebody belongs to the cluster, or did when a leader was last seen. Else there is nothing to
 * lose, and it may be that without a person nothing comes of it.
 */
function hasDecided({ statuses, places }: Observation): boolean {
  const isTold = statuses.some(({ clusterId }) => clusterId !== null);
  return isTold || places.some((place) => recordedMember(place) !== undefined);
}
