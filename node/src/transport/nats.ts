import { LARGEST_WHOLE, partsOf } from '../../../contract/src/parts.ts';
import type { Interest, NatsLink } from '../../../contract/src/nats-link.ts';
import type { Subjects } from '../../../contract/src/subjects.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Message } from '../paxos/messages.ts';
import { encodeFrame } from './codec.ts';
import { Receiver, type ReceiverOptions } from './receiver.ts';
import type { TakeMessage, Transport } from './transport.ts';

export interface NatsTransportOptions extends ReceiverOptions {
  readonly connection: NatsLink;
  readonly subjects: Subjects;
  /** The other members: who gets a broadcast when it does not fan out. */
  readonly peers: readonly MemberId[];
  /** Whether a broadcast is one publish that the broker fans out, or a message to each. */
  readonly fanOut: boolean;
}

const FLUSH_DEADLINE_MS = 2_000;

/** Protocol messages over core NATS: at most once, dropped while the connection is down. */
export class NatsTransport implements Transport {
  readonly #options: NatsTransportOptions;
  readonly #receiver: Receiver;
  readonly #interests: readonly Interest[];
  #maxFrameBytes = Infinity;

  constructor(options: NatsTransportOptions) {
    this.#options = options;
    this.#receiver = new Receiver(options);
    const { connection, subjects, self } = options;
    this.#interests = [subjects.member(self), subjects.members].map((subject) =>
      connection.subscribe(subject, ({ data }) => this.#receiver.receive(data)),
    );
  }

  /** While there is no connection, what it was: the next one is likely to be the same. */
  get maxFrameBytes(): number {
    const { maxPayload } = this.#options.connection;
    if (maxPayload < Infinity) this.#maxFrameBytes = maxPayload;
    return this.#maxFrameBytes;
  }

  onMessage(handler: TakeMessage): void {
    this.#receiver.onMessage(handler);
  }

  send(to: MemberId, messages: readonly Message[]): void {
    this.#publish(this.#options.subjects.member(to), to, messages);
  }

  broadcast(messages: readonly Message[]): void {
    const { fanOut, peers, subjects } = this.#options;
    if (fanOut) this.#publish(subjects.members, undefined, messages);
    else for (const peer of peers) for (const message of messages) this.send(peer, [message]);
  }

  #publish(subject: string, to: MemberId | undefined, messages: readonly Message[]): void {
    const { connection, cluster, self, stamp, onDropped } = this.#options;
    if (messages.length === 0) return;
    const data = encodeFrame({ cluster, from: self, to, messages, ...stamp() });
    const limit = this.maxFrameBytes;
    if (data.length <= limit) {
      connection.publish(subject, data);
    } else if (messages.length === 1 && data.length <= LARGEST_WHOLE) {
      // It has a value from a time, or of a member, with larger messages: it must get on.
      for (const part of partsOf(data, limit)) connection.publish(subject, part);
    } else if (messages.length === 1) {
      onDropped('too-large', `a ${messages[0]?.type ?? ''} of ${data.length} bytes`);
    } else {
      const half = Math.ceil(messages.length / 2);
      this.#publish(subject, to, messages.slice(0, half));
      this.#publish(subject, to, messages.slice(half));
    }
  }

  flush(done: () => void): void {
    let over = false;
    const finish = (): void => {
      if (over) return;
      over = true;
      clearTimeout(deadline);
      done();
    };
    const deadline = setTimeout(finish, FLUSH_DEADLINE_MS);
    this.#options.connection.flush().then(finish, finish);
  }

  /** Receives nothing any more; the connection stays. */
  detach(): void {
    for (const interest of this.#interests) interest.end();
  }
}
