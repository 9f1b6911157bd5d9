import type { MemberId } from '../paxos/ballot.ts';
import type { Message } from '../paxos/messages.ts';
import { encodeFrame } from './codec.ts';
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

export interface MemoryTransportOptions extends ReceiverOptions {
  /** What a message may have on that network; without it, anything. */
  readonly maxFrameBytes?: () => number;
}

/** A network in memory. What it carries goes through the codec, as on a real one. */
export class MemoryNetwork {
  readonly #carry: Carry;
  readonly #ends = new Set<MemoryTransport>();

  constructor(carry: Carry) {
    this.#carry = carry;
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
    const frame = { cluster, from: self, to, messages, ...stamp() };
    this.#network.publish(self, to, encodeFrame(frame), this);
  }

  /** Bytes arrive. */
  receive(data: Uint8Array): void {
    this.#receiver.receive(data);
  }

  flush(done: () => void): void {
    done();
  }
}
