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
  to: MemberId,
  deliver: (data: Uint8Array) => void,
  data: Uint8Array,
) => void;

/** A network in memory. What it carries goes through the codec, as on a real one. */
export class MemoryNetwork {
  readonly #carry: Carry;
  readonly #members = new Map<MemberId, MemoryTransport>();

  constructor(carry: Carry) {
    this.#carry = carry;
  }

  /** A member joins; one that is there already is replaced, as after a restart. */
  join(options: ReceiverOptions): MemoryTransport {
    const transport = new MemoryTransport(this, options);
    this.#members.set(options.self, transport);
    return transport;
  }

  leave(self: MemberId): void {
    this.#members.delete(self);
  }

  /** Carries bytes to one member, or with `undefined` to all but the sender. */
  publish(from: MemberId, to: MemberId | undefined, data: Uint8Array): void {
    const receivers = to === undefined ? [...this.#members.keys()] : [to];
    for (const receiver of receivers) {
      if (receiver === from) continue;
      this.#carry(from, receiver, (bytes) => this.#members.get(receiver)?.receive(bytes), data);
    }
  }
}

/** One member's end of a network in memory. */
export class MemoryTransport implements Transport {
  readonly #network: MemoryNetwork;
  readonly #options: ReceiverOptions;
  readonly #receiver: Receiver;

  constructor(network: MemoryNetwork, options: ReceiverOptions) {
    this.#network = network;
    this.#options = options;
    this.#receiver = new Receiver(options);
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
    this.#network.publish(self, to, encodeFrame(frame));
  }

  /** Bytes arrive. */
  receive(data: Uint8Array): void {
    this.#receiver.receive(data);
  }

  flush(done: () => void): void {
    done();
  }
}
