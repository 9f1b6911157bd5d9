import type { Ballot, MemberId } from './ballot.ts';
import type { Recovered } from './effects.ts';
import { invariant } from './invariant.ts';
import { Page } from './page.ts';
import { sameValue, type Pvalue, type Slot, type Value } from './pvalue.ts';
import { isQuorum } from './quorum.ts';
import { SlotMap } from './slot-map.ts';

/** So far above `slot_out` it keeps at which ballot a slot was decided that it has no value of. */
const MOST_VALUELESS = 4096;

/**
 * What is decided, as far as a replica knows: the values that it has not forgotten, applied or not,
 * and slots whose value it lacks.
 */
export class Decisions {
  readonly #isSound: (value: Value) => boolean;
  readonly #voters: () => readonly MemberId[];
  readonly #values = new SlotMap<Pvalue>();
  /** Slots that were decided at a ballot, their value not yet known here. */
  readonly #valueless = new Map<Slot, Ballot>();
  #slotOut: Slot;
  #forgotten: Slot;
  #end: Slot;
  /** The decided value of the next slot, which is not as it was made, and who else has it so. */
  #doubted: { readonly value: Value; readonly by: Set<MemberId> } | undefined;

  /**
   * @param isSound whether a value is as those who made its commands made them
   * @param voters those of the next slot
   */
  constructor(
    { slotOut, decidedMark, stored }: Recovered,
    isSound: (value: Value) => boolean,
    voters: () => readonly MemberId[],
  ) {
    this.#isSound = isSound;
    this.#voters = voters;
    this.#slotOut = slotOut;
    this.#forgotten = slotOut;
    this.#end = slotOut;
    for (const { learned, ballot, slot, value } of stored) {
      // What the log holds is accepted, not decided: only what it learned, or below the mark.
      if (slot < slotOut || (!learned && slot >= decidedMark)) continue;
      this.#values.set(slot, { ballot, slot, value });
      this.#end = Math.max(this.#end, slot + 1);
    }
  }

  /** The next slot to apply: every slot below it is applied. */
  get slotOut(): Slot {
    return this.#slotOut;
  }

  /** One past the highest slot that is known to be decided. */
  get end(): Slot {
    return this.#end;
  }

  /** Whether a slot is known to be decided, with or without its value. */
  has(slot: Slot): boolean {
    return this.#values.has(slot) || this.#valueless.has(slot);
  }

  /** Whether the value of the next slot is known. */
  get hasNext(): boolean {
    return this.#values.has(this.#slotOut);
  }

  /** The ballot at which the next slot was decided, if that is all that is known of it. */
  get valuelessBallot(): Ballot | undefined {
    return this.#valueless.get(this.#slotOut);
  }

  /** Slot `slot` was decided at `ballot`, and its value is not known here: it has to be learned. */
  addWithoutValue(ballot: Ballot, slot: Slot): void {
    if (slot < this.#slotOut || this.#values.has(slot)) return;
    this.#end = Math.max(this.#end, slot + 1);
    // Who is farther behind asks without a ballot, and is told all the same.
    if (slot < this.#slotOut + MOST_VALUELESS) this.#valueless.set(slot, ballot);
  }

  /**
   * Takes a decision.
   * @param by who gave its value; nobody, when it is this member's own copy
   * @returns whether it is news
   */
  add(decision: Pvalue, by?: MemberId): boolean {
    const { ballot, slot, value } = decision;
    // R1: a slot that has its decision keeps it; decisions for one slot are the same.
    if (slot < this.#slotOut || this.#values.has(slot)) return false;
    if (by !== undefined && !this.#isSound(value) && !this.#vouch(slot, value, by)) {
      this.addWithoutValue(ballot, slot);
      return false;
    }
    this.#values.set(slot, decision);
    this.#valueless.delete(slot);
    this.#end = Math.max(this.#end, slot + 1);
    return true;
  }

  /**
   * The decided value of the next slot, if it is known and sound. One that is not sound here is
   * asked for again, of the others. What a majority has in the same bytes is what was decided: all
   * apply it, and refuse it in the same way.
   */
  next(): Value | undefined {
    const decision = this.#values.get(this.#slotOut);
    if (decision === undefined) return undefined;
    const { ballot, slot, value } = decision;
    if (this.#isSound(value) || this.#isVouched) return value;
    this.#doubted ??= { value, by: new Set() };
    this.#values.delete(slot);
    this.#valueless.set(slot, ballot);
    return undefined;
  }

  /** The next slot is applied. */
  advance(): void {
    this.#doubted = undefined;
    this.#slotOut += 1; // R4: slot_out never decreases.
  }

  /**
   * Another member has a value that is not sound. Seen for the first time, it may be the way that
   * changed it: who says the same afterwards counts, also where one voter is all that there is.
   * @returns whether it is to be taken so
   */
  #vouch(slot: Slot, value: Value, by: MemberId): boolean {
    if (slot !== this.#slotOut) return false;
    if (this.#doubted !== undefined && sameValue(value, this.#doubted.value)) {
      this.#doubted.by.add(by);
      return this.#isVouched;
    }
    this.#doubted = { value, by: new Set() };
    return false;
  }

  get #isVouched(): boolean {
    return this.#doubted !== undefined && isQuorum(this.#voters(), this.#doubted.by);
  }

  /**
   * Those from `from` on that are in memory, up to `bytes` of commands (one at least).
   * @param room of a message
   */
  known(from: Slot, bytes: number, room: number): Pvalue[] {
    const page = new Page(bytes, room);
    for (const [, decision] of this.#values.from(from)) if (!page.add(decision)) break;
    return page.pvalues;
  }

  /** Below it, decisions are on disk only. */
  get forgotten(): Slot {
    return this.#forgotten;
  }

  /** Forgets decisions below a slot. */
  forget(below: Slot): void {
    // R2: all commands below slot_out are in decisions; what was forgotten is on disk.
    invariant(below <= this.#slotOut, 'R2', () => `forgetting ${below} at ${this.#slotOut}`);
    for (; this.#forgotten < below; this.#forgotten++) {
      invariant(this.#values.has(this.#forgotten), 'R2', () => `no decision ${this.#forgotten}`);
    }
    this.#values.forgetBelow(below);
  }
}
