import type { MemberId } from './ballot.ts';
import { refusalOf } from './change.ts';
import type { Configuration } from './configuration.ts';
import type { Slot } from './pvalue.ts';
import type { Change } from './system-command.ts';

/**
 * The configurations that a member knows of: the newest, and the one before it, which rules until
 * the newest is in force. Never changes; a change gives others (PMMC 2.4).
 */
export class Configurations {
  /** Everybody who is named by one of them. */
  readonly members: readonly MemberId[];
  readonly #known: readonly Configuration[];

  /** @param known one at least, by their numbers; as `stored` gave them, or the first one */
  constructor(known: readonly Configuration[]) {
    this.#known = known;
    // Once, and not for every p2a.
    const named = known.flatMap(({ voters, learners }) => [...voters, ...learners]);
    this.members = [...new Set(named)];
  }

  /** What has to be durable together with the state. */
  get stored(): readonly Configuration[] {
    return this.#known;
  }

  get newest(): Configuration {
    return this.#known[this.#known.length - 1] as Configuration;
  }

  /** WINDOW never changes. */
  get window(): number {
    return this.newest.window;
  }

  /** The configuration that rules a slot. */
  at(slot: Slot): Configuration {
    return this.#known.find((_, i) => slot < (this.#known[i + 1]?.from ?? Infinity)) ?? this.newest;
  }

  /** Each configuration that rules `slot` or a later one. */
  rulingFrom(slot: Slot): readonly Configuration[] {
    const { number } = this.at(slot);
    return this.#known.filter((each) => each.number >= number);
  }

  /** The voters of each of these. */
  votersFrom(slot: Slot): (readonly MemberId[])[] {
    return this.rulingFrom(slot).map(({ voters }) => voters);
  }

  /** The first slot that is ruled by a configuration which `older` does not have. */
  firstNewSlot(older: Configurations): Slot {
    const isNew = ({ number }: Configuration): boolean => number > older.newest.number;
    return this.#known.find(isNew)?.from ?? Infinity;
  }

  /**
   * A change was decided in `slot`: in force WINDOW slots later.
   * @returns the configurations with it; `undefined` when it is void
   */
  changed(change: Change, slot: Slot): Configurations | undefined {
    const { newest } = this;
    if (refusalOf(change, newest, newest.from <= slot) !== undefined) return undefined;
    const { voters, learners } = change;
    const { number, window } = newest;
    const next = { number: number + 1, from: slot + window, voters, learners, window };
    return new Configurations([newest, next]);
  }
}
