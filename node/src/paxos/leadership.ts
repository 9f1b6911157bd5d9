import type { Ballot, MemberId } from './ballot.ts';
import type { Configurations } from './configurations.ts';
import { Contact } from './contact.ts';
import type { Effect } from './effects.ts';
import type { Adopted, P2b, Preempted } from './messages.ts';
import { Proposals, type Terms } from './proposals.ts';
import type { Slot, Value } from './pvalue.ts';
import { Retransmission, type Timing } from './timing.ts';

/** What a leader has while it is active at a ballot. Another ballot has another one. */
export class Leadership {
  readonly ballot: Ballot;
  /** What it hears of the others. */
  readonly contact: Contact;
  readonly #timing: Timing;
  readonly #proposals: Proposals;
  #configurations: Configurations;
  /** The co-located `slot_out`. */
  #slotOut: Slot;
  /** From it on nothing is proposed until phase 1 is done in the configuration that rules there. */
  #limit: Slot = Infinity;
  #ticksToHeartbeat: number;
  readonly #stuck: Retransmission;

  /** @param slotOut the co-located replica's */
  constructor(terms: Terms, slotOut: Slot, configurations: Configurations, timing: Timing) {
    this.ballot = terms.ballot;
    this.#timing = timing;
    this.#ticksToHeartbeat = timing.heartbeat; // The first one leaves at once.
    this.#slotOut = slotOut;
    this.#configurations = configurations;
    this.#proposals = new Proposals(terms, slotOut, configurations, timing);
    this.contact = new Contact(terms.self, timing.election);
    this.contact.greet(configurations.members);
    this.#stuck = new Retransmission(timing.election, timing.election * 8);
  }

  /** It has applied all that may have been decided before. */
  get isInformed(): boolean {
    return this.#slotOut >= this.#proposals.inherited;
  }

  /** How far it may propose now. */
  get limit(): Slot {
    return this.#limit;
  }

  propose(slot: Slot, value: Value): Effect[] {
    if (slot >= this.#limit) return [];
    return this.#proposals.has(slot) ? [] : this.#proposals.select(slot, value);
  }

  p2b(from: MemberId, message: P2b): Effect[] | Preempted {
    return this.#proposals.p2b(from, message);
  }

  /** Decisions that no p2a carried away yet. */
  announceDecided(): Effect[] {
    return this.#proposals.announceDecided();
  }

  /** Phase 1 is done: at first, and in each configuration that is new. */
  adopt(adopted: Adopted): Effect[] {
    this.#limit = Infinity;
    return this.#proposals.adopt(adopted);
  }

  /** Another configuration was decided, which rules from `from` on: phase 1 comes first there. */
  reconfigured(configurations: Configurations, from: Slot): void {
    this.#configurations = configurations;
    this.contact.greet(configurations.members);
    this.#limit = Math.min(this.#limit, from);
    this.#proposals.reconfigured(configurations, this.#limit);
  }

  /** The co-located replica has applied every slot below `slotOut`. */
  advance(slotOut: Slot): Effect[] {
    this.#slotOut = slotOut;
    this.#stuck.reset();
    return this.#proposals.advance(slotOut);
  }

  /** Whether it waits in vain for what a quorum said is decided: nobody who is left may have it. */
  isStuck(random: number): boolean {
    return this.#stuck.tick(random);
  }

  tick(random: number): Effect[] {
    return this.#proposals.tick(random);
  }

  /** One tick passed. @returns whether a quorum is heard: a leader without one is of no use */
  hasQuorum(): boolean {
    this.contact.tick();
    return this.contact.hasQuorum(this.#configurations.at(this.#slotOut).voters);
  }

  /** Of the voters it hears, whose state is on disk farther than `flushed`, and the farthest. */
  ahead(flushed: Slot): MemberId | undefined {
    return this.contact.ahead(this.#configurations.newest.voters, flushed);
  }

  /**
   * Of the voters it hears, the one that has applied the most.
   * @param isFit looks at more
   */
  nearest(isFit?: (voter: MemberId) => boolean): MemberId | undefined {
    return this.contact.nearest(this.#configurations.newest, isFit);
  }

  /** One tick passed. @returns whether the next heartbeat is due */
  isHeartbeatDue(): boolean {
    this.#ticksToHeartbeat -= 1;
    if (this.#ticksToHeartbeat > 0) return false;
    this.#ticksToHeartbeat = this.#timing.heartbeat;
    return true;
  }
}
