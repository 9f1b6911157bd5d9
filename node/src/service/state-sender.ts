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

export interface StateSenderPorts {
  readonly state: StateStore;
  /** What a message carries of a state, as it is now. */
  chunkBytes(): number;
  send(to: MemberId, chunk: Chunk): void;
  /** Whether a configuration names it. */
  isMember(asker: MemberId): boolean;
  /** In [0, 1). */
  random(): number;
}

/**
 * Sends this member's state to one that is too far behind for the log: the state on disk as it was
 * when the first chunk was asked for, chunk after chunk, each on request. One member at a time;
 * and a state may be a single chunk, so no more than one is begun for them in a tick. Whom no
 * configuration names that is known here may be a new learner, or anybody: it gets a turn while no
 * member has one.
 */
export class StateSender {
  readonly #ports: StateSenderPorts;
  #sending: Sending | undefined;
  readonly #kept = new Map<MemberId, Kept>();
  /** For whom one was begun in this tick: for a member, or for another one. */
  readonly #begun = new Set<'member' | 'stranger'>();

  constructor(ports: StateSenderPorts) {
    this.#ports = ports;
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
      if (at === sending.last.at) this.#ports.send(from, sending.last);
      else if (at === sending.last.at + 1 && !sending.last.isLast) this.#next(sending);
      return;
    }
    // Who asks on for a snapshot that is gone is given a new one.
    if (!isHis && this.#hasToWait(from)) return;
    const kind = this.#kindOf(from);
    if (this.#begun.has(kind)) return;
    this.#begun.add(kind);
    this.#close();
    this.#begin(from);
  }

  /** Another one's turn is not over, and is not that of a stranger while a member asks. */
  #hasToWait(from: MemberId): boolean {
    if (this.#sending === undefined || this.#sending.last.isLast) return false;
    return this.#kindOf(this.#sending.to) === 'member' || this.#kindOf(from) === 'stranger';
  }

  #kindOf(asker: MemberId): 'member' | 'stranger' {
    return this.#ports.isMember(asker) ? 'member' : 'stranger';
  }

  #begin(to: MemberId): void {
    const snapshot = this.#ports.state.snapshot();
    const { slotOut: slot } = snapshot.facts;
    if (slot === 0) return snapshot.close(); // There is nothing to be had here.
    const id = `${slot}-${Math.floor(this.#ports.random() * 2 ** 48).toString(16)}`;
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
    const bytes = sending.bytes.read(this.#ports.chunkBytes());
    const digest = sending.hash.update(bytes).copy().digest('hex');
    const at = sending.last.at + 1;
    sending.last = { ...sending.last, at, bytes, digest, isLast: sending.bytes.isOver };
    this.#ports.send(sending.to, sending.last);
  }

  tick(): void {
    this.#begun.clear();
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
