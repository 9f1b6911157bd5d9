import type { MemberId } from '../paxos/ballot.ts';
import type { Message } from '../paxos/messages.ts';
import { parseFrame } from './codec.ts';
import type { DropReason } from './transport.ts';

export interface ReceiverOptions {
  readonly cluster: string;
  readonly self: MemberId;
  /** A frame came that is not for this member, or is none. `detail` says more. */
  readonly onDropped: (reason: DropReason, detail: string) => void;
}

/** What every transport does with what came in: it hands over messages, and drops the rest. */
export class Receiver {
  readonly #options: ReceiverOptions;
  #handler: ((from: MemberId, message: Message) => void) | undefined;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  onMessage(handler: (from: MemberId, message: Message) => void): void {
    this.#handler = handler;
  }

  receive(data: Uint8Array): void {
    const { cluster, self, onDropped } = this.#options;
    const frame = parseFrame(data);
    if ('malformed' in frame) return onDropped('malformed', frame.malformed);
    const { from, to, messages } = frame;
    if (frame.cluster !== cluster) return onDropped('other-cluster', from);
    if (from === self || (to !== undefined && to !== self)) return onDropped('not-for-me', from);
    for (const message of messages) this.#handler?.(from, message);
  }
}
