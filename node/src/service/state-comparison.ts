import type { MemberId } from '../paxos/ballot.ts';
import type { TableDigest } from '../paxos/messages.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { quorumSize } from '../paxos/quorum.ts';

/** Comparisons that may be under way: more than a slow member is behind. */
const OPEN_AT_MOST = 4;

type Tables = readonly TableDigest[];

/** What a comparison found: `table` is the first one, by name, that differs. */
export interface Difference {
  readonly slot: Slot;
  readonly table: string;
}

export interface StateComparisonEvents {
  /** A majority of the voters has another state than this member. */
  minority(difference: Difference): void;
  /** No majority of the voters has the same state. */
  split(difference: Difference): void;
}

/**
 * Compares the state with the others', where the log says to: members that applied the same slots
 * have the same tables. Right is what a majority of the voters has.
 */
export class StateComparison {
  readonly #self: MemberId;
  readonly #votersAt: (slot: Slot) => readonly MemberId[];
  readonly #events: StateComparisonEvents;
  /** By slot, what each member's state came to. */
  readonly #open = new Map<Slot, Map<MemberId, Tables>>();
  #differing: ReadonlyMap<MemberId, Difference> = new Map();

  /** @param votersAt who votes for the slots from there on */
  constructor(
    self: MemberId,
    votersAt: (slot: Slot) => readonly MemberId[],
    events: StateComparisonEvents,
  ) {
    this.#self = self;
    this.#votersAt = votersAt;
    this.#events = events;
  }

  /** Whose state was another one than the majority's when it was compared last. */
  get differing(): ReadonlyMap<MemberId, Difference> {
    return this.#differing;
  }

  /** A member's state after a slot, this one's too. */
  heard(from: MemberId, slot: Slot, tables: Tables): void {
    const oldest = Math.min(...this.#open.keys());
    if (this.#open.size >= OPEN_AT_MOST && !this.#open.has(slot)) {
      if (slot < oldest) return;
      this.#open.delete(oldest);
    }
    const states = this.#open.get(slot) ?? new Map<MemberId, Tables>();
    this.#open.set(slot, states.set(from, tables));
    this.#judge(slot, states);
  }

  #judge(slot: Slot, states: ReadonlyMap<MemberId, Tables>): void {
    const voters = this.#votersAt(slot);
    const has = (tables: Tables): number =>
      voters.filter((voter) => isSame(states.get(voter), tables)).length;
    const most = [...states.values()].sort((a, b) => has(b) - has(a))[0] ?? [];
    const unheard = voters.filter((voter) => !states.has(voter)).length;
    const own = states.get(this.#self);
    if (has(most) < quorumSize(voters.length)) {
      if (own === undefined || has(most) + unheard >= quorumSize(voters.length)) return;
      const others = [...states.values()].find((tables) => !isSame(tables, own)) ?? [];
      return this.#events.split({ slot, table: differenceOf(own, others) });
    }
    const differing = new Map<MemberId, Difference>();
    for (const [member, tables] of states) {
      if (isSame(tables, most)) continue;
      differing.set(member, { slot, table: differenceOf(tables, most) });
    }
    this.#differing = differing;
    const mine = differing.get(this.#self);
    if (mine !== undefined) this.#events.minority(mine);
  }
}

function isSame(a: Tables | undefined, b: Tables): boolean {
  return a !== undefined && differenceOf(a, b) === '';
}

/** The first table, by name, in which they differ; '' when they are the same. */
function differenceOf(a: Tables, b: Tables): string {
  const text = (tables: Tables, name: string): string => {
    const { count = 0, sum = 0n } = tables.find(({ table }) => table === name) ?? {};
    return `${count} ${sum}`;
  };
  const names = [...a, ...b].map(({ table }) => table).sort();
  return names.find((name) => text(a, name) !== text(b, name)) ?? '';
}
