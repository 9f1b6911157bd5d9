import type { MemberId } from '../paxos/ballot.ts';
import type { Message } from '../paxos/messages.ts';
import { messageBytes, prefixWithin } from '../transport/message-bytes.ts';
import type { Transport } from '../transport/transport.ts';

/** What may wait: many times what one turn makes, and what leaves at a time. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Collects what leaves a member, so that messages to one receiver travel in one frame. */
export class Outbox {
  readonly #transport: Pick<Transport, 'send' | 'broadcast'>;
  readonly #self: MemberId;
  readonly #members: () => readonly MemberId[];
  readonly #dropped: (to: MemberId) => void;
  #bytes = 0;
  #toAll: Message[] = [];
  readonly #direct = new Map<MemberId, Message[]>();

  /**
   * @param members a message to all of them, but for `self`, is a broadcast
   * @param dropped there was no room for a message: it is as lost, and the protocol goes on
   */
  constructor(
    transport: Pick<Transport, 'send' | 'broadcast'>,
    self: MemberId,
    members: () => readonly MemberId[],
    dropped: (to: MemberId) => void,
  ) {
    this.#transport = transport;
    this.#self = self;
    this.#members = members;
    this.#dropped = dropped;
  }

  /** @param to other members, never the own one */
  add(to: readonly MemberId[], message: Message): void {
    const bytes = messageBytes(message);
    if (to.length > 1 && to.length === this.#others) {
      if (this.#takes(bytes, to)) this.#toAll.push(message);
      return;
    }
    for (const member of to) {
      if (!this.#takes(bytes, [member])) continue;
      const messages = this.#direct.get(member);
      if (messages === undefined) this.#direct.set(member, [message]);
      else messages.push(message);
    }
  }

  /** One message is always taken, however large it is. */
  #takes(bytes: number, [to = '']: readonly MemberId[]): boolean {
    if (this.#bytes > 0 && this.#bytes + bytes > MOST_BYTES) {
      this.#dropped(to);
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  /** How many others are named by the configurations: an outsider is not among them. */
  get #others(): number {
    const members = this.#members();
    return members.length - (members.includes(this.#self) ? 1 : 0);
  }

  get isEmpty(): boolean {
    return this.#toAll.length === 0 && this.#direct.size === 0;
  }

  /** Hands so many bytes of it to the transport, or a message more; what is left is for later. */
  send(limit: number): void {
    let room = limit;
    const take = (messages: Message[]): Message[] => {
      const { count, bytes } = prefixWithin(messages, room);
      room -= bytes;
      this.#bytes -= bytes;
      return messages.splice(0, count);
    };
    if (this.#toAll.length > 0) this.#transport.broadcast(take(this.#toAll));
    for (const [to, messages] of this.#direct) {
      if (room <= 0) return;
      this.#transport.send(to, take(messages));
      if (messages.length === 0) this.#direct.delete(to);
    }
  }
}
