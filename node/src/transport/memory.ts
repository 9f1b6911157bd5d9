import type { MemberId } from '../paxos/ballot.ts';
import type { Message } from '../paxos/messages.ts';
import { encodeFrame, parseFrame } from './codec.ts';
import type { DropReason, Transport } from './transport.ts';

/** Decides what becomes of a frame: run `deliver` never, once, twice, now or later. */
export type Carry = (from: MemberId, to: MemberId, deliver: () => void) => void;

/** A network in memory. What it carries goes through the codec, as on a real one. */
export class MemoryNetwork {
  readonly #carry: Carry;
  readonly #members = new Map<MemberId, MemoryTransport>();

  constructor(carry: Carry) {
    this.#carry = carry;
  }

  /** A member joins; one that is there already is replaced, as after a restart. */
  join(
    self: MemberId,
    cluster: string,
    onDropped: (reason: DropReason, detail: string) => void,
  ): MemoryTransport {
    const transport = new MemoryTransport(this, self, cluster, onDropped);
    this.#members.set(self, transport);
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
      this.#carry(from, receiver, () => this.#members.get(receiver)?.receive(data));
    }
  }
}

/** One member's end of a network in memory. */
export class MemoryTransport implements Transport {
  readonly connected = true;
  readonly #network: MemoryNetwork;
  readonly #self: MemberId;
  readonly #cluster: string;
  readonly #onDropped: (reason: DropReason, detail: string) => void;
  #handler: ((from: MemberId, message: Message) => void) | undefined;

  constructor(
    network: MemoryNetwork,
    self: MemberId,
    cluster: string,
    onDropped: (reason: DropReason, detail: string) => void,
  ) {
    this.#network = network;
    this.#self = self;
    this.#cluster = cluster;
    this.#onDropped = onDropped;
  }

  onMessage(handler: (from: MemberId, message: Message) => void): void {
    this.#handler = handler;
  }

  send(to: MemberId, messages: readonly Message[]): void {
    this.#publish(to, messages);
  }

  broadcast(messages: readonly Message[]): void {
    this.#publish(undefined, messages);
  }

  #publish(to: MemberId | undefined, messages: readonly Message[]): void {
    const frame = { cluster: this.#cluster, from: this.#self, to, messages };
    this.#network.publish(this.#self, to, encodeFrame(frame));
  }

  /** Bytes arrive. */
  receive(data: Uint8Array): void {
    const frame = parseFrame(data);
    if ('malformed' in frame) return this.#onDropped('malformed', frame.malformed);
    const { cluster, from, to, messages } = frame;
    if (cluster !== this.#cluster) return this.#onDropped('other-cluster', from);
    if (to !== undefined && to !== this.#self) return this.#onDropped('not-for-me', from);
    for (const message of messages) this.#handler?.(from, message);
  }

  flush(done: () => void): void {
    done();
  }

  async close(): Promise<void> {
    this.#network.leave(this.#self);
    return Promise.resolve();
  }
}
