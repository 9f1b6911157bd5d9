import type { MemberId } from './ballot.ts';

/** How many of `n` voters make a majority. */
export function quorumSize(n: number): number {
  return Math.floor(n / 2) + 1;
}

/**
 * Counts distinct voters until a majority of each configuration has answered. Duplicates and
 * strangers do not count.
 */
export class Quorum {
  /** The voters of all of them. */
  readonly voters: readonly MemberId[];
  readonly #configurations: readonly (readonly MemberId[])[];
  readonly #answered = new Set<MemberId>();

  /** @param configurations the voters of each */
  constructor(configurations: readonly (readonly MemberId[])[]) {
    const [only = [], ...more] = configurations;
    this.voters = more.length === 0 ? only : [...new Set(configurations.flat())];
    this.#configurations = configurations;
  }

  /** Counts `voter`, once. */
  add(voter: MemberId): void {
    if (this.voters.includes(voter)) this.#answered.add(voter);
  }

  get reached(): boolean {
    return this.#configurations.every((voters) => isQuorum(voters, this.#answered));
  }

  /** The voters that have not answered: whom to ask again. */
  get missing(): MemberId[] {
    return this.voters.filter((voter) => !this.#answered.has(voter));
  }
}

/** Whether a majority of `voters` is in `set`. */
export function isQuorum(
  voters: readonly MemberId[],
  set: { has(id: MemberId): boolean },
): boolean {
  let count = 0;
  for (const voter of voters) if (set.has(voter)) count += 1;
  return count >= quorumSize(voters.length);
}
