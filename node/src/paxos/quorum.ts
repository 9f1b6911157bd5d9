import type { MemberId } from './ballot.ts';

/** How many of `n` voters make a majority. */
export function quorumSize(n: number): number {
  return Math.floor(n / 2) + 1;
}

/** Counts distinct voters until a majority has answered. Duplicates and strangers do not count. */
export class Quorum {
  readonly #voters: readonly MemberId[];
  readonly #answered = new Set<MemberId>();

  constructor(voters: readonly MemberId[]) {
    this.#voters = voters;
  }

  /** Counts `voter`, once. */
  add(voter: MemberId): void {
    if (this.#voters.includes(voter)) this.#answered.add(voter);
  }

  get reached(): boolean {
    return this.#answered.size >= quorumSize(this.#voters.length);
  }

  /** The voters that have not answered: whom to ask again. */
  get missing(): MemberId[] {
    return this.#voters.filter((voter) => !this.#answered.has(voter));
  }
}
