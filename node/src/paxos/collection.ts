import type { MemberId } from './ballot.ts';
import type { Contact } from './contact.ts';
import { floorOf } from './floor.ts';
import type { Slot } from './pvalue.ts';

/** What a leader goes by. */
export interface Leading {
  readonly slotOut: Slot;
  readonly contact: Contact;
  /** The voters of each configuration that rules an undecided slot. */
  readonly rulings: readonly (readonly MemberId[])[];
}

/**
 * Garbage collection (PMMC 4.2): how far the own state is on its disk, and below which slot enough
 * disks have it. A leader computes that floor; others take it from there.
 */
export class Collection {
  readonly #self: MemberId;
  /** What leaders said of the floor. */
  #heard: Slot = 0;
  /** The own state on disk has every slot below it. */
  flushed: Slot;

  constructor(self: MemberId, slotOut: Slot) {
    this.#self = self;
    this.flushed = slotOut;
  }

  /** A leader names the floor. */
  heard(floor: Slot): void {
    this.#heard = Math.max(this.#heard, floor);
  }

  /**
   * Every slot below it is on enough disks, as far as this member knows.
   * @param leading only of who has applied all that was decided before it led
   */
  floor(leading: Leading | undefined): Slot {
    if (leading === undefined) return this.#heard;
    const { slotOut, contact, rulings } = leading;
    const floor = floorOf(rulings, (voter) => this.flushedBy(voter, contact));
    return Math.max(this.#heard, Math.min(slotOut, floor));
  }

  /** As far as a member's state is on its disk, by what was heard of it. */
  flushedBy(member: MemberId, contact: Contact): Slot {
    return member === this.#self ? this.flushed : contact.flushed(member);
  }
}
