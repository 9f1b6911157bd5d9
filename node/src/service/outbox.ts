import type { MemberId } from '../paxos/ballot.ts';
import type { Message } from '../paxos/messages.ts';
import type { Transport } from '../transport/transport.ts';

/** Collects what leaves a member, so that messages to one receiver travel in one frame. */
export class Outbox {
  readonly #transport: Transport;
  readonly #others: () => number;
  #toAll: Message[] = [];
  readonly #direct = new Map<MemberId, Message[]>();

  /** @param others how many other members there are: a message to as many is a broadcast */
  constructor(transport: Transport, others: () => number) {
    this.#transport = transport;
    this.#others = others;
  }

  /** @param to other members, never the own one */
  add(to: readonly MemberId[], message: Message): void {
    if (to.length > 1 && to.length === this.#others()) {
      this.#toAll.push(message);
      return;
    }
    for (const member of to) {
      const messages = this.#direct.get(member);
      if (messages === undefined) this.#direct.set(member, [message]);
      else messages.push(message);
    }
  }

  /** Hands all of it to the transport. */
  send(): void {
    if (this.#toAll.length > 0) {
      this.#transport.broadcast(this.#toAll);
      this.#toAll = [];
    }
    for (const [to, messages] of this.#direct) this.#transport.send(to, messages);
    this.#direct.clear();
  }
}
