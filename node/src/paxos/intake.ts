import type { Acceptor } from './acceptor.ts';
import type { Ballot, MemberId } from './ballot.ts';
import type { Effect } from './effects.ts';
import type { Decision, P2a } from './messages.ts';
import type { Pvalue, Slot } from './pvalue.ts';
import type { Packing, Replica } from './replica.ts';

/** What a member takes of what others propose and decide: less, while its disk does not keep up. */
export class Intake {
  readonly #self: MemberId;
  readonly #acceptor: Acceptor;
  readonly #replica: Replica;
  readonly #packing: Packing;
  /** Too much waits for the own disk. */
  isFull = false;

  constructor(self: MemberId, acceptor: Acceptor, replica: Replica, packing: Packing) {
    this.#self = self;
    this.#acceptor = acceptor;
    this.#replica = replica;
    this.#packing = packing;
  }

  p2a(from: MemberId, message: P2a): Effect[] {
    // Not taken, it is as lost: it is accepted when it comes again, or learned.
    const effects = this.#takes(from, message) ? this.#acceptor.handle(from, message) : [];
    for (const slot of message.decided) effects.push(...this.#decidedAt(message.ballot, slot));
    return effects;
  }

  /**
   * Whether the disk keeps up with what is accepted. What the own leader proposes is bounded by the
   * pipeline, and what has been accepted costs nothing.
   */
  #takes(from: MemberId, { slot, ballot }: P2a): boolean {
    if (from === this.#self || this.#acceptor.has(slot, ballot)) return true;
    if (this.isFull) return false;
    // Below that a slot may be undecided, and wait for this vote: so it is always taken.
    const isNear = slot < this.#replica.slotOut + this.#replica.configurations.window;
    return isNear || this.#acceptor.bytes < this.#packing.heldBytes;
  }

  decision(from: MemberId, { ballot, slot, value }: Decision): Effect[] {
    if (value === undefined || this.isFull) return this.#decidedAt(ballot, slot);
    return this.#decided({ ballot, slot, value }, from);
  }

  /** Decisions that `from` gave, as it was asked to. */
  learned(from: MemberId, decisions: readonly Pvalue[]): Effect[] {
    if (this.isFull) return [];
    return decisions.flatMap((decision) => this.#decided(decision, from));
  }

  /** A decision without its value: the acceptor may hold it. */
  #decidedAt(ballot: Ballot, slot: Slot): Effect[] {
    if (slot < this.#replica.slotOut) return [];
    const value = this.#acceptor.valueAt(slot, ballot);
    if (value !== undefined) return this.#decided({ ballot, slot, value });
    this.#replica.decidedWithoutValue(ballot, slot);
    return [];
  }

  /** @param by who gave the value; nobody, when it is this member's own copy */
  #decided(decision: Pvalue, by?: MemberId): Effect[] {
    return this.#replica.decided(decision, by) ? this.#acceptor.learn(decision) : [];
  }
}
