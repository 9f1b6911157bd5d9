import type { MemberId } from './ballot.ts';
import type { Slot } from './pvalue.ts';
import { quorumSize } from './quorum.ts';

interface Peer {
  /** Ticks since it was heard. */
  silence: number;
  slotOut: Slot;
}

/** Whom a leader hears: without a quorum it is of no use, and steps down. */
export class Contact {
  readonly #peers = new Map<MemberId, Peer>();
  readonly #needed: number;
  readonly #span: number;

  /**
   * @param peers the other voters
   * @param span ticks of silence after which a peer does not count
   */
  constructor(peers: readonly MemberId[], span: number) {
    for (const peer of peers) this.#peers.set(peer, { silence: 0, slotOut: 0 });
    this.#needed = quorumSize(peers.length + 1) - 1;
    this.#span = span;
  }

  heard(from: MemberId, slotOut: Slot): void {
    if (this.#peers.has(from)) this.#peers.set(from, { silence: 0, slotOut });
  }

  tick(): void {
    for (const peer of this.#peers.values()) peer.silence += 1;
  }

  /** Fewer than a quorum, the leader included, were heard within the span. */
  get lost(): boolean {
    return this.#near.length < this.#needed;
  }

  /** Of those heard within the span, the one that has applied the most: fit to lead next. */
  get nearest(): MemberId | undefined {
    return this.#near.sort(([, a], [, b]) => b.slotOut - a.slotOut)[0]?.[0];
  }

  get #near(): [MemberId, Peer][] {
    return [...this.#peers].filter(([, { silence }]) => silence <= this.#span);
  }
}
