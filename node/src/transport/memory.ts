import type { MemberId } from '../paxos/ballot.ts';
import type { Message } from '../paxos/messages.ts';
import { encodeFrame } from './frame-codec.ts';
import { frameWithin } from './message-bytes.ts';
import { Receiver, type ReceiverOptions } from './receiver.ts';
import type { TakeMessage, Transport } from './transport.ts';

/**
 * Decides what becomes of a frame: run `deliver` never, once, twice, now or later, with the bytes
 * that were sent or with others.
 */
export type Carry = (
  from: MemberId,
  to: MemoryTransport,
  deliver: (data: Uint8Array) => void,
  data: Uint8Array,
) => void;

/**
 * Decides what becomes of a question whether a member is there: `tellGone` says no to the asker,
 * be that so or not.
 * @param isThere whether a process of that member has joined
 */
export type Seek = (
  asker: MemoryTransport,
  of: MemberId,
  isThere: boolean,
  tellGone: () => void,
) => void;

const seekTruly: Seek = (_asker, _of, isThere, tellGone) => {
  if (!isThere) tellGone();
};

export interface MemoryTransportOptions extends ReceiverOptions {
  /** What a message may have on that network; without it, anything. */
  readonly maxFrameBytes?: () => number;
}

/** A network in memory. What it carries goes through the codec, as on a real one. */
export class MemoryNetwork {
  readonly #carry: Carry;
  readonly #seek: Seek;
  readonly #ends = new Set<MemoryTransport>();

  constructor(carry: Carry, seek: Seek = seekTruly) {
    this.#carry = carry;
    this.#seek = seek;
  }

  /** A process joins. Two of one member are two, as on a real network. */
  join(options: MemoryTransportOptions): MemoryTransport {
    const end = new MemoryTransport(this, options);
    this.#ends.add(end);
    return end;
  }

  leave(end: MemoryTransport): void {
    this.#ends.delete(end);
  }

  /** A process asks whether a member is there. */
  seek(asker: MemoryTransport, of: MemberId): void {
    const isThere = [...this.#ends].some(({ self }) => self === of);
    this.#seek(asker, of, isThere, () => this.#ends.has(asker) && asker.tellGone(of));
  }

  /** Carries bytes to one member, or with `undefined` to all; never back to the sender's end. */
  publish(from: MemberId, to: MemberId | undefined, data: Uint8Array, by?: MemoryTransport): void {
    for (const end of [...this.#ends]) {
      if (end === by || (to !== undefined && to !== end.self)) continue;
      this.#carry(from, end, (bytes) => this.#ends.has(end) && end.receive(bytes), data);
    }
  }
}

/** One process' end of a network in memory. */
export class MemoryTransport implements Transport {
  readonly #network: MemoryNetwork;
  readonly #options: MemoryTransportOptions;
  readonly #receiver: Receiver;
  #onGone: (member: MemberId) => void = () => undefined;

  constructor(network: MemoryNetwork, options: MemoryTransportOptions) {
    this.#network = network;
    this.#options = options;
    this.#receiver = new Receiver(options);
  }

  get self(): MemberId {
    return this.#options.self;
  }

  get maxFrameBytes(): number {
    return this.#options.maxFrameBytes?.() ?? Infinity;
  }

  onMessage(handler: TakeMessage): void {
    this.#receiver.onMessage(handler);
  }

  send(to: MemberId, messages: readonly Message[]): void {
    this.#publish(to, messages);
  }

  broadcast(messages: readonly Message[]): void {
    this.#publish(undefined, messages);
  }

  #publish(to: MemberId | undefined, messages: readonly Message[]): void {
    const { cluster, self, stamp } = this.#options;
    for (let at = 0; at < messages.length;) {
      const count = frameWithin(messages, at, Infinity);
      const part = messages.slice(at, at + count);
      at += count;
      const frame = { cluster, from: self, to, messages: part, ...stamp() };
      this.#network.publish(self, to, encodeFrame(frame), this);
    }
  }

  /** Bytes arrive. */
  receive(data: Uint8Array): void {
    this.#receiver.receive(data);
  }

  askPresence(of: MemberId): void {
    this.#network.seek(this, of);
  }

  onGone(handler: (member: MemberId) => void): void {
    this.#onGone = handler;
  }

  /** The network says that nobody listens where that member does. */
  tellGone(member: MemberId): void {
    this.#onGone(member);
  }

  flush(done: () => void): void {
    done();
  }
}
