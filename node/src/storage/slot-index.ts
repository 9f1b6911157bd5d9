import type { Slot } from '../paxos/pvalue.ts';

/** Where a record is: its segment, the byte of its payload in it, and its length. */
export interface Position {
  readonly segment: number;
  /** Counted in payload bytes: block headers are left out. */
  readonly at: number;
  readonly bytes: number;
}

const SEGMENT = 2 ** 32;

/** Slot to position of its last record, twelve bytes a slot. */
export class SlotIndex {
  #places = new Float64Array(1024).fill(-1);
  #lengths = new Uint32Array(1024);
  #end: Slot = 0;

  /** One past the highest slot that has a record. */
  get end(): Slot {
    return this.#end;
  }

  set(slot: Slot, { segment, at, bytes }: Position): void {
    if (slot >= this.#places.length) this.#grow(slot + 1);
    this.#places[slot] = segment * SEGMENT + at;
    this.#lengths[slot] = bytes;
    this.#end = Math.max(this.#end, slot + 1);
  }

  get(slot: Slot): Position | undefined {
    const place = this.#places[slot] ?? -1;
    if (place < 0) return undefined;
    const segment = Math.floor(place / SEGMENT);
    return { segment, at: place - segment * SEGMENT, bytes: this.#lengths[slot] ?? 0 };
  }

  #grow(size: number): void {
    const capacity = Math.max(size, Math.ceil(this.#places.length * 1.5));
    const places = new Float64Array(capacity).fill(-1);
    places.set(this.#places);
    const lengths = new Uint32Array(capacity);
    lengths.set(this.#lengths);
    this.#places = places;
    this.#lengths = lengths;
  }
}
