/** What was asked of a register, when, and what came of it. Times are in ms, of one clock. */
export interface Call {
  readonly kind: 'add' | 'read';
  readonly register: string;
  readonly calledAt: number;
  /** `Infinity` of an add whose outcome is not known: it may run at any time after its call. */
  readonly answeredAt: number;
  /** What the register had: after the add, or at the read. Only of a call that was answered. */
  readonly value?: number;
  /** Of an add among all adds of the cluster. */
  readonly position?: number;
}

/** A time without an answered add. */
export interface Stop {
  readonly at: number;
  readonly ms: number;
}

/** All calls of a load, in the order in which they ended. */
export class History {
  readonly calls: Call[] = [];
  /** When adds were answered, in order. */
  readonly #writtenAt: number[] = [];

  add(call: Call): void {
    this.calls.push(call);
    if (call.kind === 'add' && call.value !== undefined) this.#writtenAt.push(call.answeredAt);
  }

  get writes(): number {
    return this.#writtenAt.length;
  }

  get reads(): number {
    return this.calls.filter(({ kind }) => kind === 'read').length;
  }

  /** Adds whose outcome is not known. */
  get unknown(): number {
    return this.calls.filter(({ value }) => value === undefined).length;
  }

  /** How many calls were answered in a time. */
  answeredBetween(from: number, to: number): number {
    return this.calls.filter(({ answeredAt }) => answeredAt >= from && answeredAt < to).length;
  }

  /** The longest time without an answered add, of what lies between two times. */
  longestStop(from: number, to: number): Stop {
    let longest: Stop = { at: from, ms: 0 };
    let before = from;
    for (const at of [...this.#writtenAt, to]) {
      if (at < from || at > to) continue;
      if (at - before > longest.ms) longest = { at: before, ms: at - before };
      before = at;
    }
    return longest;
  }

  /** Answered adds in each interval from `from` on. */
  writesPerInterval(intervalMs: number, from: number, to: number): number[] {
    const counts = Array.from({ length: Math.ceil((to - from) / intervalMs) }, () => 0);
    for (const at of this.#writtenAt) {
      const interval = Math.floor((at - from) / intervalMs);
      const count = counts[interval];
      if (count !== undefined) counts[interval] = count + 1;
    }
    return counts;
  }
}
