import type { Slot } from '../paxos/pvalue.ts';

/** Where a record is: its segment, the byte of its payload in it, and its length. */
export interface Position {
  readonly segment: number;
  /** Counted in payload bytes: block headers are left out. */
  readonly at: number;
  readonly bytes: number;
}

const SEGMENT = 2 ** 32;
const SLOTS_AT_LEAST = 1024;

/** Slot to position of its last record, twelve bytes a slot from the first one on. */
export class SlotIndex {
  #places = new Float64Array(SLOTS_AT_LEAST).fill(-1);
  #lengths = new Uint32Array(SLOTS_AT_LEAST);
  #first: Slot;
  #end: Slot;

  /** @param first slots below it are not kept */
  constructor(first: Slot) {
    this.#first = first;
    this.#end = first;
  }

  /** One past the highest slot that has, or had, a record. */
  get end(): Slot {
    return this.#end;
  }

  set(slot: Slot, { segment, at, bytes }: Position): void {
    const i = slot - this.#first;
    if (i < 0) return;
    if (i >= this.#places.length) this.#resize(0, Math.max(i + 1, this.#places.length * 1.5));
    this.#places[i] = segment * SEGMENT + at;
    this.#lengths[i] = bytes;
    this.#end = Math.max(this.#end, slot + 1);
  }

  get(slot: Slot): Position | undefined {
    const i = slot - this.#first;
    const place = this.#places[i] ?? -1;
    if (place < 0) return undefined;
    const segment = Math.floor(place / SEGMENT);
    return { segment, at: place - segment * SEGMENT, bytes: this.#lengths[i] ?? 0 };
  }

  /** Slots below `first` are not kept any more. */
  forgetBelow(first: Slot): void {
    if (first <= this.#first) return;
    this.#resize(first - this.#first, Math.max(this.#end - first, SLOTS_AT_LEAST));
    this.#first = first;
    this.#end = Math.max(this.#end, first);
  }

  /** Leaves out the first `skip` slots. */
  #resize(skip: number, capacity: number): void {
    const places = new Float64Array(Math.ceil(capacity)).fill(-1);
    const lengths = new Uint32Array(places.length);
    places.set(this.#places.subarray(skip, skip + places.length));
    lengths.set(this.#lengths.subarray(skip, skip + lengths.length));
    this.#places = places;
    this.#lengths = lengths;
  }
}
