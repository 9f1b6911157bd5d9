import { createHash } from 'node:crypto';
import type { MemberId } from '../paxos/ballot.ts';
import type { Chunk, Fetch } from '../paxos/messages.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { StateBytes } from '../storage/state-bytes.ts';
import type { StateSnapshot, StateStore } from '../storage/state.ts';

/** Ticks without a request after which a snapshot is closed: it pins pages of the file. */
const IDLE_TICKS = 500;
/** Nobody waits so long for the first chunk: who asks for it then has begun anew. */
const FIRST_TICKS = 200;
/** It is closed then in any case. */
const LIFE_TICKS = 60_000;
/** So long after a transfer the log keeps what follows it, for whoever took it to catch up. */
const KEEP_TICKS = 1_000;

interface Sending {
  readonly to: MemberId;
  readonly snapshot: StateSnapshot;
  readonly bytes: StateBytes;
  readonly hash: ReturnType<typeof createHash>;
  /** Sent last: it may have been lost. */
  last: Chunk;
  age: number;
  idle: number;
}

/** What the log keeps for whoever took a snapshot. */
interface Kept {
  /** Of the newest one that it was given. */
  readonly slot: Slot;
  /** Left, once nothing is being sent to it. */
  ticks: number;
}

/**
 * Sends this member's state to one that is too far behind for the log: the state on disk as it was
 * when the first chunk was asked for, chunk after chunk, each on request. One member at a time.
 */
export class StateSender {
  readonly #state: StateStore;
  readonly #chunkBytes: () => number;
  readonly #send: (to: MemberId, chunk: Chunk) => void;
  /** In [0, 1). */
  readonly #random: () => number;
  #sending: Sending | undefined;
  readonly #kept = new Map<MemberId, Kept>();

  constructor(
    state: StateStore,
    chunkBytes: () => number,
    send: (to: MemberId, chunk: Chunk) => void,
    random: () => number,
  ) {
    this.#state = state;
    this.#chunkBytes = chunkBytes;
    this.#send = send;
    this.#random = random;
  }

  /** Whoever takes a snapshot needs the log from here on. */
  get neededFrom(): Slot {
    let from = Infinity;
    for (const { slot } of this.#kept.values()) from = Math.min(from, slot);
    return from;
  }

  fetch(from: MemberId, { snapshot, at }: Fetch): void {
    const sending = this.#sending;
    const isHis = sending?.to === from;
    // Who asks for the first chunk again has not had it yet: it is on its way, or lost.
    const isFirstAgain = snapshot === undefined && sending?.last.at === 0;
    // Of a single chunk nothing follows that tells whether it came: who cannot go on with what it
    // took would be given the same for ever.
    const isStale = isFirstAgain && sending.last.isLast && sending.age > FIRST_TICKS;
    if (isHis && (snapshot === sending.last.snapshot || isFirstAgain) && !isStale) {
      sending.idle = 0;
      if (at === sending.last.at) this.#send(from, sending.last);
      else if (at === sending.last.at + 1 && !sending.last.isLast) this.#next(sending);
      return;
    }
    // Another one's turn is not over. Who asks on for a snapshot that is gone is given a new one.
    if (sending !== undefined && !isHis && !sending.last.isLast) return;
    this.#close();
    this.#begin(from);
  }

  #begin(to: MemberId): void {
    const snapshot = this.#state.snapshot();
    const { slotOut: slot } = snapshot.facts;
    if (slot === 0) return snapshot.close(); // There is nothing to be had here.
    const id = `${slot}-${Math.floor(this.#random() * 2 ** 48).toString(16)}`;
    const none: Chunk = {
      type: 'chunk',
      snapshot: id,
      slot,
      at: -1,
      bytes: new Uint8Array(0),
      digest: '',
      isLast: false,
    };
    const bytes = new StateBytes(snapshot);
    const hash = createHash('sha256');
    this.#sending = { to, snapshot, bytes, hash, last: none, age: 0, idle: 0 };
    this.#kept.set(to, { slot, ticks: KEEP_TICKS });
    this.#next(this.#sending);
  }

  #next(sending: Sending): void {
    const bytes = sending.bytes.read(this.#chunkBytes());
    const digest = sending.hash.update(bytes).copy().digest('hex');
    const at = sending.last.at + 1;
    sending.last = { ...sending.last, at, bytes, digest, isLast: sending.bytes.isOver };
    this.#send(sending.to, sending.last);
  }

  tick(): void {
    const sending = this.#sending;
    if (sending !== undefined) {
      sending.age += 1;
      sending.idle += 1;
      if (sending.idle > IDLE_TICKS || sending.age > LIFE_TICKS) this.#close();
    }
    for (const [member, kept] of this.#kept) {
      if (member === this.#sending?.to) continue;
      kept.ticks -= 1;
      if (kept.ticks < 0) this.#kept.delete(member);
    }
  }

  #close(): void {
    this.#sending?.snapshot.close();
    this.#sending = undefined;
  }

  /** The state is about to be closed. */
  stop(): void {
    this.#close();
  }
}
