import type { Slot } from '../paxos/pvalue.ts';

/** A segment file of the log. */
export interface SegmentEntry {
  readonly number: number;
  readonly bytes: number;
  /** The segments before it have records of slots below it only. */
  readonly slotsBelow: Slot;
}

/** The segment files of a log, from the oldest on, and which of them can go. */
export class Segments {
  readonly #entries: SegmentEntry[] = [];
  #bytes = 0;

  /** Of all of them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Slots below it may have lost their records with an older segment. */
  get first(): Slot {
    return this.#entries[0]?.slotsBelow ?? 0;
  }

  add(entry: SegmentEntry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
  }

  /**
   * @param floor slots below it are not needed
   * @param keepBytes so much stays even so, for members that were away briefly
   * @returns where the log would begin
   */
  firstAfter(floor: Slot, keepBytes: number): Slot {
    let { first } = this;
    let left = this.#bytes;
    for (const { bytes, slotsBelow } of this.#entries) {
      if (left < keepBytes || slotsBelow > floor) break;
      first = slotsBelow;
      left -= bytes;
    }
    return first;
  }

  /** @returns the numbers of the segments that have slots below `first` only, oldest first */
  take(first: Slot): number[] {
    const taken: number[] = [];
    for (;;) {
      const next = this.#entries[1];
      const [oldest] = this.#entries;
      if (oldest === undefined || next === undefined || next.slotsBelow > first) return taken;
      this.#entries.shift();
      this.#bytes -= oldest.bytes;
      taken.push(oldest.number);
    }
  }
}
