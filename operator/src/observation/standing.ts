import { majorityOf } from '../../../contract/src/majority.ts';
import type { MemberLists } from '../../../contract/src/membership.ts';
import { hasRoles, type MemberStatus } from '../../../contract/src/status.ts';
import { isWell, knownMembers, placeOf, type Observation } from './observation.ts';

/** How the voters stand. Conditions are made of it. */
export interface Standing {
  /** Anybody was ever told the cluster. */
  readonly isFormed: boolean;
  readonly lists: MemberLists;
  readonly leader: MemberStatus | undefined;
  /** They can vote: they answer, have roles and reach NATS. */
  readonly voting: readonly MemberStatus[];
  /** They also keep up, serve, and are heard by the leader. */
  readonly well: readonly string[];
  readonly quorum: number;
}

export function standingOf(seen: Observation): Standing {
  const { lists, leader } = knownMembers(seen);
  const isTold = seen.statuses.some(({ clusterId }) => clusterId !== null);
  const voting = seen.statuses.filter(
    ({ member, role, natsConnected }) =>
      lists.voters.includes(member) && hasRoles(role) && natsConnected,
  );
  return {
    isFormed:
      isTold || typeof seen.first === 'object' || seen.cluster.status?.clusterId !== undefined,
    lists,
    leader,
    voting,
    well: lists.voters.filter(
      (voter) => isWell(placeOf(seen, voter), leader) && !isUnheard(voter, leader),
    ),
    quorum: majorityOf(lists.voters.length),
  };
}

/** Its leader has not heard it for a minute, whatever it says to others. */
export function isUnheard(member: string, leader: MemberStatus | undefined): boolean {
  return leader?.unheard.includes(member) === true;
}

/** Enough voters are there to decide something. */
export function areEnough({ leader, voting, lists, quorum }: Standing): boolean {
  return leader !== undefined || (lists.voters.length > 0 && voting.length >= quorum);
}

/** They are not, and the operator would see them if they were. */
export function isQuorumLost(seen: Observation): boolean {
  const standing = standingOf(seen);
  return standing.isFormed && !areEnough(standing) && seen.natsDown === undefined;
}

/** @returns the pod's name, or what is known of who has none */
export function nameOf(seen: Observation, member: string): string {
  return placeOf(seen, member)?.name ?? `voter ${member}, whose volume is not there`;
}
