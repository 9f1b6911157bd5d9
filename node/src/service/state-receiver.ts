import { createHash } from 'node:crypto';
import type { IncomingState } from '../../../contract/src/status.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Chunk, Fetch } from '../paxos/messages.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { SharedFacts } from '../storage/facts.ts';
import { StateParser } from '../storage/state-bytes.ts';
import type { StateStore, Staging } from '../storage/state.ts';

/** Ticks without an answer after which a chunk is asked for again. */
const AGAIN_TICKS = 30;
/** Ticks without a chunk after which somebody else may be asked; sooner, when none ever came. */
const GIVE_UP_TICKS = 300;
const GIVE_UP_FIRST_TICKS = 100;

interface Receiving {
  readonly from: MemberId;
  snapshot: string | undefined;
  staging: Staging;
  hash: ReturnType<typeof createHash>;
  parser: StateParser;
  /** The number of the chunk that comes next. */
  at: number;
  bytes: number;
  idle: number;
  /** A chunk is being written: nothing is asked for meanwhile. */
  isWriting: boolean;
}

export interface StateReceiverEvents {
  fetch(to: MemberId, fetch: Fetch): void;
  /** Whether a state with every slot below `slot` would bring the own one on. */
  isNews(slot: Slot): boolean;
  /** Whether it is a state that this member can go on with. */
  mayTake(from: MemberId, facts: SharedFacts): boolean;
  /** A state is here, whole and verified: commit it with its facts, or discard it. */
  received(facts: SharedFacts, staging: Staging): void;
  failed(error: Error): void;
}

/**
 * Gathers another member's state beside the own one, and verifies it while it comes. Only when all
 * of it is verified it may take the place of the own state. Nothing but state is taken: the
 * acceptor's ballot and pvalues stay (design, section 4).
 */
export class StateReceiver {
  readonly #state: StateStore;
  readonly #events: StateReceiverEvents;
  #receiving: Receiving | undefined;

  constructor(state: StateStore, events: StateReceiverEvents) {
    this.#state = state;
    this.#events = events;
  }

  /** What is under way. */
  get incoming(): IncomingState | undefined {
    const receiving = this.#receiving;
    return receiving && { from: receiving.from, bytes: receiving.bytes };
  }

  /** Takes the state of `from`, unless one is on its way already. */
  begin(from: MemberId): void {
    if (this.#receiving !== undefined) return;
    this.#receiving = { from, ...this.#fresh(undefined), idle: 0, isWriting: false };
    this.#ask(this.#receiving);
  }

  #fresh(snapshot: string | undefined): Omit<Receiving, 'from' | 'idle' | 'isWriting'> {
    return {
      snapshot,
      staging: this.#state.stage(),
      hash: createHash('sha256'),
      parser: new StateParser(),
      at: 0,
      bytes: 0,
    };
  }

  #ask({ from, snapshot, at }: Receiving): void {
    const of = snapshot === undefined ? {} : { snapshot };
    this.#events.fetch(from, { type: 'fetch', at, ...of });
  }

  chunk(from: MemberId, chunk: Chunk): void {
    const receiving = this.#receiving;
    if (receiving?.from !== from || receiving.isWriting) return;
    if (chunk.snapshot !== receiving.snapshot) {
      if (chunk.at !== 0) return; // Of a snapshot that was given up.
      // Another id starts over: no state is made of two.
      if (receiving.at > 0) {
        receiving.staging.discard();
        Object.assign(receiving, this.#fresh(chunk.snapshot));
      }
      receiving.snapshot = chunk.snapshot;
    }
    if (chunk.at !== receiving.at) return; // It came before.
    if (chunk.at === 0 && !this.#events.isNews(chunk.slot)) return this.#abandon();
    if (receiving.hash.update(chunk.bytes).copy().digest('hex') !== chunk.digest) {
      return this.#abandon();
    }
    this.#write(receiving, chunk);
  }

  #write(receiving: Receiving, { bytes, slot, isLast }: Chunk): void {
    const { from, parser, staging } = receiving;
    const entries = parser.take(bytes);
    if (parser.facts !== undefined && !this.#events.mayTake(from, parser.facts)) {
      return this.#abandon();
    }
    receiving.isWriting = true;
    receiving.idle = 0;
    staging.write(entries, (error) => {
      if (error !== undefined) return this.#events.failed(error);
      receiving.isWriting = false;
      if (this.#receiving !== receiving) return;
      receiving.at += 1;
      receiving.bytes += bytes.length;
      if (!isLast) return this.#ask(receiving);
      const { facts } = parser;
      const isWhole = parser.isWhole && facts?.slotOut === slot && staging.isAllOf(facts);
      if (!isWhole) return this.#abandon(); // Its sender lacks something of what it wrote.
      // Most of it is on disk before the member has to stop for it.
      receiving.isWriting = true;
      staging.sync((error) => {
        if (error !== undefined) return this.#events.failed(error);
        if (this.#receiving !== receiving) return;
        this.#receiving = undefined;
        this.#events.received(facts, staging);
      });
    });
  }

  tick(): void {
    const receiving = this.#receiving;
    if (receiving === undefined || receiving.isWriting) return;
    receiving.idle += 1;
    const patience = receiving.snapshot === undefined ? GIVE_UP_FIRST_TICKS : GIVE_UP_TICKS;
    if (receiving.idle >= patience) this.#abandon();
    else if (receiving.idle % AGAIN_TICKS === 0) this.#ask(receiving);
  }

  /** The state is about to be closed. */
  stop(): void {
    this.#abandon();
  }

  #abandon(): void {
    this.#receiving?.staging.discard();
    this.#receiving = undefined;
  }
}
