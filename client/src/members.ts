import type { MemberLists } from '../../contract/src/membership.ts';
import type { MemberStatus } from '../../contract/src/status.ts';

/** A member beside the newest configuration. */
export interface ClusterMember {
  readonly id: string;
  /** What the configuration makes of it; an `outsider` is named nowhere, and may be added. */
  readonly role: 'voter' | 'learner' | 'outsider';
  /** `undefined` when it does not answer. */
  readonly status: MemberStatus | undefined;
}

/** The members of a cluster, as its leader has them. */
export interface Members {
  /** The newest configuration. */
  readonly lists: MemberLists;
  /** `undefined` when no member says that it leads. */
  readonly leader: MemberStatus | undefined;
  /** Voters, learners, and outsiders that answer. */
  readonly members: readonly ClusterMember[];
}

/** Joins what members say of themselves. */
export function membersOf(statuses: readonly MemberStatus[]): Members {
  const leader = leaderOf(statuses);
  const lists = newestOf(leader === undefined ? statuses : [leader]);
  const { voters, learners } = lists;
  const ids = new Set([...voters, ...learners, ...statuses.map(({ member }) => member)]);
  const members = [...ids].map((id): ClusterMember => {
    const named = learners.includes(id) ? 'learner' : 'outsider';
    const role = voters.includes(id) ? 'voter' : named;
    return { id, role, status: statuses.find(({ member }) => member === id) };
  });
  return { lists, leader, members };
}

function newestOf(statuses: readonly MemberStatus[]): MemberLists {
  let newest: MemberLists = { number: -1, voters: [], learners: [] };
  for (const { configuration: number, voters, learners } of statuses) {
    // Who was told no cluster names nobody.
    if (voters.length > 0 && number > newest.number) newest = { number, voters, learners };
  }
  return newest;
}

/** Who says that it leads; of two the one of the higher ballot: the other is not told yet. */
export function leaderOf(statuses: readonly MemberStatus[]): MemberStatus | undefined {
  const leading = statuses.filter(({ role }) => role === 'leader');
  return leading.sort((a, b) => roundOf(b) - roundOf(a))[0];
}

function roundOf({ ballot }: MemberStatus): number {
  return Number.parseInt(ballot, 10);
}

/** Whether the leader has answered, and everybody whom it names. */
export function isWhole(statuses: readonly MemberStatus[]): boolean {
  const { leader, members } = membersOf(statuses);
  return leader !== undefined && members.every(({ status }) => status !== undefined);
}
