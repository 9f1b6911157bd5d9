import { LARGEST_WHOLE, partsOf } from '../../../contract/src/parts.ts';
import type { Interest, NatsLink } from '../../../link/src/nats-link.ts';
import type { Subjects } from '../../../contract/src/subjects.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Message } from '../paxos/messages.ts';
import { encodeFrame } from './frame-codec.ts';
import { frameWithin } from './message-bytes.ts';
import { Receiver, type ReceiverOptions } from './receiver.ts';
import type { TakeMessage, Transport } from './transport.ts';

export interface NatsTransportOptions extends ReceiverOptions {
  readonly connection: NatsLink;
  readonly subjects: Subjects;
  /** The other members: who gets a broadcast when it does not fan out. */
  readonly peers: readonly MemberId[];
  /** Whether a broadcast is one publish that the broker fans out, or a message to each. */
  readonly fanOut: boolean;
  /** For so long a connection has to have stood before its word counts that a member is gone. */
  readonly settledMs?: number;
}

const FLUSH_DEADLINE_MS = 2_000;
/** NATS answers for who is not there within a round trip: later it means nothing. */
const PRESENCE_DEADLINE_MS = 500;
/**
 * Who was cut off itself, as when a broker restarts, asks only then: others were cut off with it,
 * and have had time to connect again.
 */
const SETTLED_MS = 1_000;
const NO_RESPONDERS = 503;

/** Protocol messages over core NATS: at most once, dropped while the connection is down. */
export class NatsTransport implements Transport {
  readonly #options: NatsTransportOptions;
  readonly #receiver: Receiver;
  readonly #interests: readonly Interest[];
  /** The question that is open: whether that member is there. */
  #asked: { readonly member: MemberId; readonly at: number } | undefined;
  #onGone: (member: MemberId) => void = () => undefined;
  #maxFrameBytes = Infinity;

  constructor(options: NatsTransportOptions) {
    this.#options = options;
    this.#receiver = new Receiver(options);
    const { connection, subjects, self } = options;
    this.#interests = [subjects.member(self), subjects.members].map((subject) =>
      connection.subscribe(subject, ({ data, headers }) => {
        if (headers?.code === NO_RESPONDERS) this.#nobody();
        else this.#receiver.receive(data);
      }),
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

  /** A frame without messages, to the subject that only that member hears. */
  askPresence(of: MemberId): void {
    const { connection, subjects, cluster, self, stamp, settledMs = SETTLED_MS } = this.#options;
    if (connection.connectedMs < settledMs) return;
    this.#asked = { member: of, at: performance.now() };
    const data = encodeFrame({ cluster, from: self, to: of, messages: [], ...stamp() });
    connection.publish(subjects.member(of), data, subjects.member(self));
  }

  onGone(handler: (member: MemberId) => void): void {
    this.#onGone = handler;
  }

  /** The server itself answers a question that it can hand to nobody. */
  #nobody(): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked === undefined || performance.now() - asked.at > PRESENCE_DEADLINE_MS) return;
    this.#onGone(asked.member);
  }

  #publish(subject: string, to: MemberId | undefined, messages: readonly Message[]): void {
    const { connection, cluster, self, stamp, onDropped } = this.#options;
    const limit = this.maxFrameBytes;
    // Divided before anything is encoded: to encode is what costs most.
    for (let at = 0; at < messages.length;) {
      const count = frameWithin(messages, at, limit);
      const part = messages.slice(at, at + count);
      at += count;
      const data = encodeFrame({ cluster, from: self, to, messages: part, ...stamp() });
      if (data.length <= limit) {
        connection.publish(subject, data);
      } else if (data.length <= LARGEST_WHOLE) {
        // It has a value from a time, or of a member, with larger messages: it must get on.
        for (const piece of partsOf(data, limit)) connection.publish(subject, piece);
      } else {
        onDropped('too-large', `a ${part[0]?.type ?? ''} of ${data.length} bytes`);
      }
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
