import { asBuffer } from '../../../contract/src/bytes.ts';
import {
  ENVELOPE_BYTES,
  isUnopened,
  seal,
  unseal,
  type Unopened,
} from '../../../contract/src/envelope.ts';
import { pack, Unpacking } from '../../../contract/src/message-pack.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Message } from '../paxos/messages.ts';
import { mostElements, MOST_MESSAGES } from './frame-elements.ts';
import { messageFromWire, messageToWire } from './message-codec.ts';
import type { Stamp } from './transport.ts';
import { endOf, endToWire, historyOf, historyToWire } from './wire-fields.ts';
import { text, token } from './wire-primitives.ts';

/*
 * Protocol messages on the wire: in an envelope (contract/src/envelope.ts) a frame in MessagePack,
 * [cluster id, sender, receiver or '' for all, count and random part of the sender's incarnation,
 * end of its log, its history (slot, from, hash; or nil three times), message, …]. Members of
 * version 2 would apply what opens and ends sessions in another way.
 */
export const WIRE_VERSION = 3;

/** What a frame says before its messages. */
export interface FrameHead extends Stamp {
  readonly cluster: string;
  readonly from: MemberId;
  /** `undefined` when it is meant for every member. */
  readonly to: MemberId | undefined;
}

/** What travels from one member to another, or to all. */
export interface Frame extends FrameHead {
  readonly messages: readonly Message[];
}

/** Of the list that a frame is, so many elements stand before the messages. */
const HEAD_ELEMENTS = 9;

export function encodeFrame({ cluster, from, to, messages, end, history }: Frame): Uint8Array {
  const wire = [cluster, from, to ?? '', ...endToWire(end), ...historyToWire(history)];
  for (const message of messages) wire.push(messageToWire(message));
  return seal(pack(wire, ENVELOPE_BYTES), WIRE_VERSION);
}

/** A frame whose messages nobody wanted, and why. */
export interface Refused<Reason> {
  readonly refused: Reason;
  readonly from: MemberId;
}

/**
 * Parses once: what it returns can be trusted to be as it was sent, and to have its types. Commands
 * are views of `bytes`, which nobody may change any more. Never throws.
 * @param refusal why the messages are not wanted: they are not even read then
 */
export function parseFrame(bytes: Uint8Array): Frame | Unopened;
export function parseFrame<Reason>(
  bytes: Uint8Array,
  refusal: (head: FrameHead) => Reason | undefined,
): Frame | Unopened | Refused<Reason>;
export function parseFrame<Reason>(
  bytes: Uint8Array,
  refusal?: (head: FrameHead) => Reason | undefined,
): Frame | Unopened | Refused<Reason> {
  const content = unseal(asBuffer(bytes), WIRE_VERSION);
  if (isUnopened(content)) return content;
  try {
    const wire = new Unpacking(content, mostElements(content.length));
    const count = wire.list() - HEAD_ELEMENTS;
    if (count < 0) throw new TypeError('an id is missing');
    const messages: Message[] = [];
    const frame = frameFrom(wire, messages);
    const refused = refusal?.(frame);
    if (refused !== undefined) return { refused, from: frame.from };
    if (count > MOST_MESSAGES) throw new TypeError(`${count} messages`);
    // One after the other: the rest is not read when one of them is none.
    for (let i = 0; i < count; i++) messages.push(messageFromWire(wire.next()));
    wire.end();
    return frame;
  } catch (error) {
    return { malformed: error instanceof Error ? error.message : String(error) };
  }
}

/** Reads what stands before the messages. */
function frameFrom(wire: Unpacking, messages: readonly Message[]): Frame {
  const cluster = text(wire.scalar());
  const from = token(wire.scalar());
  const receiver = wire.scalar();
  const to = receiver === '' ? undefined : token(receiver);
  const end = endOf(wire.scalar(), wire.scalar(), wire.scalar());
  const history = historyOf(wire.scalar(), wire.scalar(), wire.scalar());
  return { cluster, from, to, end, ...history, messages };
}
