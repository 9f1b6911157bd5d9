/** When answers came, and how long each took: in milliseconds, in the order in which they came. */
export class Answers {
  readonly #at: number[] = [];
  readonly #took: number[] = [];

  add(at: number, took: number): void {
    this.#at.push(at);
    this.#took.push(took);
  }

  get length(): number {
    return this.#at.length;
  }

  clear(): void {
    this.#at.length = 0;
    this.#took.length = 0;
  }

  /** So many came from the first moment on, before the second. */
  count(from: number, to: number): number {
    return this.#at.filter((at) => at >= from && at < to).length;
  }

  /** How long those took that came meanwhile: so many percent took at most that. */
  percentile(percent: number, from: number, to: number): number {
    const took = this.#took.filter((_, i) => isWithin(this.#at[i], from, to));
    took.sort((a, b) => a - b);
    return took[Math.max(0, Math.ceil((percent / 100) * took.length) - 1)] ?? NaN;
  }

  /** How many came in each interval from `from` on; the last whole interval ends at `to`. */
  perInterval(intervalMs: number, from: number, to: number): number[] {
    const counts = Array.from({ length: Math.floor((to - from) / intervalMs) }, () => 0);
    for (const at of this.#at) {
      const interval = Math.floor((at - from) / intervalMs);
      const count = counts[interval];
      if (count !== undefined) counts[interval] = count + 1;
    }
    return counts;
  }

  /** The longest time without an answer of those that ended after `from`, and not after `to`. */
  longestGap(from: number, to = Infinity): Gap {
    let longest: Gap = { at: from, ms: 0 };
    this.#at.forEach((at, i) => {
      const before = this.#at[i - 1];
      if (before === undefined || at <= from || at > to) return;
      if (at - before > longest.ms) longest = { at: before, ms: at - before };
    });
    return longest;
  }
}

/** A time without an answer. */
export interface Gap {
  /** When it began. */
  readonly at: number;
  readonly ms: number;
}

function isWithin(at: number | undefined, from: number, to: number): boolean {
  return at !== undefined && at >= from && at < to;
}
