/** The id of a member: random and durable, or derived from a number for the master's scripts. */
export type MemberId = string;

/**
 * A ballot: one leader's attempt to lead (PMMC 2.2). "No ballot yet" is `undefined` and lower than
 * every ballot.
 */
export interface Ballot {
  readonly round: number;
  readonly leader: MemberId;
}

/**
 * The total order of ballots: by round, then by leader id.
 * @returns a negative number when `a` is lower, 0 when they are the same, a positive one else.
 */
export function compareBallots(a: Ballot | undefined, b: Ballot | undefined): number {
  if (a === b) return 0;
  if (a === undefined) return -1;
  if (b === undefined) return 1;
  if (a.round !== b.round) return a.round - b.round;
  return a.leader < b.leader ? -1 : a.leader > b.leader ? 1 : 0;
}

/** The lowest ballot of `leader` that is higher than `ballot`. */
export function nextBallot(ballot: Ballot | undefined, leader: MemberId): Ballot {
  return { round: (ballot?.round ?? 0) + 1, leader };
}

/** For logs, messages of errors and pictures: `3.synod-1`. */
export function formatBallot(ballot: Ballot | undefined): string {
  return ballot === undefined ? 'none' : `${ballot.round}.${ballot.leader}`;
}
