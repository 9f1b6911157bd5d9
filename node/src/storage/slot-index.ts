import type { Slot } from '../paxos/pvalue.ts';

/** Where a record is: its segment, the byte of its payload in it, and its length. */
export interface Position {
  readonly segment: number;
  /** Counted in payload bytes: block headers are left out. */
  readonly at: number;
  readonly bytes: number;
}

const SEGMENT = 2 ** 32;
/** Slots in a page: an index that begins far up takes no memory for what is below. */
const PAGE_SLOTS = 4096;

interface Page {
  readonly places: Float64Array;
  readonly lengths: Uint32Array;
}

/** Slot to position of its last record, twelve bytes a slot from the first one on. */
export class SlotIndex {
  readonly #pages = new Map<number, Page>();
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
    if (slot < this.#first) return;
    const { places, lengths } = this.#pageOf(slot);
    places[slot % PAGE_SLOTS] = segment * SEGMENT + at;
    lengths[slot % PAGE_SLOTS] = bytes;
    this.#end = Math.max(this.#end, slot + 1);
  }

  #pageOf(slot: Slot): Page {
    const number = Math.floor(slot / PAGE_SLOTS);
    let page = this.#pages.get(number);
    if (page === undefined) {
      const places = new Float64Array(PAGE_SLOTS).fill(-1);
      page = { places, lengths: new Uint32Array(PAGE_SLOTS) };
      this.#pages.set(number, page);
    }
    return page;
  }

  get(slot: Slot): Position | undefined {
    const page = slot < this.#first ? undefined : this.#pages.get(Math.floor(slot / PAGE_SLOTS));
    const place = page?.places[slot % PAGE_SLOTS] ?? -1;
    if (page === undefined || place < 0) return undefined;
    const segment = Math.floor(place / SEGMENT);
    return { segment, at: place - segment * SEGMENT, bytes: page.lengths[slot % PAGE_SLOTS] ?? 0 };
  }

  /** Slots below `first` are not kept any more. */
  forgetBelow(first: Slot): void {
    if (first <= this.#first) return;
    const kept = Math.floor(first / PAGE_SLOTS);
    for (const number of this.#pages.keys()) if (number < kept) this.#pages.delete(number);
    this.#first = first;
    this.#end = Math.max(this.#end, first);
  }
}
