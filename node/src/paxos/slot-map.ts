import type { Slot } from './pvalue.ts';

/**
 * A map by slot that is read in the order of slots, by what is there: a slot far up costs as much
 * as any other. Slots mostly come in order, and go from the lowest on.
 */
export class SlotMap<T> {
  readonly #values = new Map<Slot, T>();
  /** The slots that are there; in order, when `#isSorted` says so. */
  #slots: Slot[] = [];
  #isSorted = true;

  get size(): number {
    return this.#values.size;
  }

  /** One past the highest slot; 0 when it is empty. */
  get end(): Slot {
    return (this.#sorted().at(-1) ?? -1) + 1;
  }

  has(slot: Slot): boolean {
    return this.#values.has(slot);
  }

  get(slot: Slot): T | undefined {
    return this.#values.get(slot);
  }

  set(slot: Slot, value: T): void {
    if (!this.#values.has(slot)) {
      this.#isSorted &&= slot > (this.#slots.at(-1) ?? -1);
      this.#slots.push(slot);
    }
    this.#values.set(slot, value);
  }

  delete(slot: Slot): void {
    if (this.#values.delete(slot)) this.#slots = this.#slots.filter((each) => each !== slot);
  }

  /** What is there from a slot on, in order. Nothing may be put while it is read. */
  *from(slot: Slot): Generator<readonly [Slot, T]> {
    const slots = this.#sorted();
    for (let i = firstFrom(slots, slot); i < slots.length; i++) {
      const each = slots[i] as Slot;
      yield [each, this.#values.get(each) as T];
    }
  }

  /** Lets go of everything below a slot. */
  forgetBelow(slot: Slot): void {
    const slots = this.#sorted();
    const end = firstFrom(slots, slot);
    for (let i = 0; i < end; i++) this.#values.delete(slots[i] as Slot);
    if (end > 0) this.#slots = slots.slice(end);
  }

  #sorted(): readonly Slot[] {
    if (!this.#isSorted) this.#slots.sort((a, b) => a - b);
    this.#isSorted = true;
    return this.#slots;
  }
}

/** The index of the first that is not below `slot`. */
function firstFrom(slots: readonly Slot[], slot: Slot): number {
  let low = 0;
  for (let high = slots.length; low < high;) {
    const middle = (low + high) >>> 1;
    if ((slots[middle] as Slot) < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
