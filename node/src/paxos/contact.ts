import type { MemberId } from './ballot.ts';
import type { Configuration } from './configuration.ts';
import type { Alive } from './messages.ts';
import type { Slot } from './pvalue.ts';
import { isQuorum } from './quorum.ts';

interface Peer {
  /** The tick at which it was heard, or greeted. */
  readonly at: number;
  readonly isHeard: boolean;
  readonly slotOut: Slot;
  readonly flushed: Slot;
  readonly machine: number;
}

/** Who says nothing of its machine has the first version of it. */
const FIRST_VERSION = 1;

/** Whom a leader hears: without a quorum it is of no use, and steps down. */
export class Contact {
  readonly #self: MemberId;
  readonly #span: number;
  readonly #peers = new Map<MemberId, Peer>();
  #now = 0;

  /** @param span ticks of silence after which a member does not count */
  constructor(self: MemberId, span: number) {
    this.#self = self;
    this.#span = span;
  }

  heard(from: MemberId, { slotOut, flushed, machine = FIRST_VERSION }: Alive): void {
    this.#peers.set(from, { at: this.#now, isHeard: true, slotOut, flushed, machine });
  }

  /** Who has just been named by a configuration counts as heard, for a span. */
  greet(members: readonly MemberId[]): void {
    const nothing = { isHeard: false, slotOut: 0, flushed: 0, machine: FIRST_VERSION };
    for (const member of members) {
      if (!this.#peers.has(member)) this.#peers.set(member, { at: this.#now, ...nothing });
    }
  }

  tick(): void {
    this.#now += 1;
  }

  /** A quorum of the voters, the leader counted if it is one, was heard or greeted in the span. */
  hasQuorum(voters: readonly MemberId[]): boolean {
    return isQuorum(voters, { has: (voter) => voter === this.#self || this.#isNear(voter) });
  }

  /** A quorum of the voters, the leader counted if it is one, was really heard in the span. */
  hasHeardQuorum(voters: readonly MemberId[]): boolean {
    const isHeard = (voter: MemberId): boolean => this.#peers.get(voter)?.isHeard === true;
    const has = (voter: MemberId): boolean => this.#isNear(voter) && isHeard(voter);
    return isQuorum(voters, { has: (voter) => voter === this.#self || has(voter) });
  }

  /**
   * Of the voters heard within the span, the one that has applied the most: fit to lead next.
   * @param isFit looks at more
   */
  nearest(
    { voters }: Configuration,
    isFit: (voter: MemberId) => boolean = () => true,
  ): MemberId | undefined {
    return voters
      .filter((voter) => voter !== this.#self && this.#isNear(voter) && isFit(voter))
      .sort((a, b) => this.slotOut(b) - this.slotOut(a))[0];
  }

  /** Of the voters heard within the span, the one with the most on disk, if that is more. */
  ahead(voters: readonly MemberId[], flushed: Slot): MemberId | undefined {
    return voters
      .filter((voter) => voter !== this.#self && this.#isNear(voter))
      .filter((voter) => this.flushed(voter) > flushed)
      .sort((a, b) => this.flushed(b) - this.flushed(a))[0];
  }

  /** It was heard or greeted within the span. */
  #isNear(member: MemberId): boolean {
    const peer = this.#peers.get(member);
    return peer !== undefined && this.#now - peer.at <= this.#span;
  }

  /** A member has applied every slot below it, as far as it is known. */
  slotOut(member: MemberId): Slot {
    return this.#peers.get(member)?.slotOut ?? 0;
  }

  /** The newest version of the machine that a member has, as it said last. */
  machine(member: MemberId): number {
    return this.#peers.get(member)?.machine ?? FIRST_VERSION;
  }

  /** The state on a member's disk has every slot below it. */
  flushed(member: MemberId): Slot {
    return this.#peers.get(member)?.flushed ?? 0;
  }
}
