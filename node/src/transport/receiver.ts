import type { MemberId } from '../paxos/ballot.ts';
import { Parts } from '../../../contract/src/parts.ts';
import { isSameIncarnation } from '../paxos/log-end.ts';
import { parseFrame, type FrameHead } from './frame-codec.ts';
import type { DropReason, Stamp, TakeMessage } from './transport.ts';

export interface ReceiverOptions {
  readonly cluster: string;
  readonly self: MemberId;
  /** What a frame that leaves now says of this member. */
  readonly stamp: () => Stamp;
  /** A frame came that is not for this member, or is none. `detail` says more. */
  readonly onDropped: (reason: DropReason, detail: string) => void;
}

/** What every transport does with what came in: it hands over messages, and drops the rest. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #parts = new Parts();
  #handler: TakeMessage | undefined;

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  onMessage(handler: TakeMessage): void {
    this.#handler = handler;
  }

  receive(data: Uint8Array): void {
    const { onDropped } = this.#options;
    const whole = this.#parts.take(data);
    if (whole === undefined) return; // A part is missing yet.
    const frame = whole instanceof Uint8Array ? parseFrame(whole, this.#refusal) : whole;
    if ('malformed' in frame) return onDropped('malformed', frame.malformed);
    if ('garbled' in frame) return onDropped('garbled', frame.garbled);
    const { from } = frame;
    if ('refused' in frame) return onDropped(frame.refused, from);
    for (const message of frame.messages) this.#handler?.(from, message, frame);
  }

  /** Before the messages are read: what is for others is no work. */
  readonly #refusal = ({ cluster, from, to, end }: FrameHead): DropReason | undefined => {
    const { self, stamp } = this.#options;
    if (cluster !== this.#options.cluster) return 'other-cluster';
    // NATS may carry one's own frames back after a reconnection; those of a twin are another run's.
    const isOwn = from === self && isSameIncarnation(end.incarnation, stamp().end.incarnation);
    return isOwn || (to !== undefined && to !== self) ? 'not-for-me' : undefined;
  };
}
