import type { Message } from '../paxos/messages.ts';
import type { Pvalue, Value } from '../paxos/pvalue.ts';
import { FREE_ELEMENTS, messageElements } from './frame-elements.ts';

/** What a frame has before its messages: ids, the end of a log, a history, a checksum. */
export const FRAME_BYTES = 512;
/** The same of its elements. */
const FRAME_ELEMENTS = 16;
/** Whatever has no list: a few ids, ballots and numbers. */
const FIXED_BYTES = 512;
/** Of a command: its tag and its length. */
const FRAMING_BYTES = 5;
/** Beside its value: a slot and a ballot. */
const PVALUE_BYTES = 160;
const NUMBER_BYTES = 9;
/** An id and a few numbers. */
const ENTRY_BYTES = 192;

/**
 * How many bytes of a frame a message takes, at most: known before it is encoded, so that nothing
 * is encoded twice.
 */
export function messageBytes(message: Message): number {
  switch (message.type) {
    case 'p2a':
      return FIXED_BYTES + ofValue(message.value) + NUMBER_BYTES * message.decided.length;
    case 'propose':
      return FIXED_BYTES + ofValue(message.value);
    case 'decision':
      return FIXED_BYTES + (message.value === undefined ? 0 : ofValue(message.value));
    case 'p1b':
      return FIXED_BYTES + ofPvalues(message.pvalues);
    case 'learned':
      return FIXED_BYTES + ofPvalues(message.decisions);
    case 'heartbeat':
      return FIXED_BYTES + ENTRY_BYTES * Object.keys(message.ends ?? {}).length;
    case 'chunk':
      return FIXED_BYTES + message.bytes.length;
    case 'digests':
      return FIXED_BYTES + ENTRY_BYTES * message.tables.length;
    case 'alive':
    case 'canvass':
    case 'canvassed':
    case 'fetch':
    case 'forgotten':
    case 'hand-over':
    case 'history':
    case 'learn':
    case 'p1a':
    case 'p2b':
    case 'question':
    case 'reach':
    case 'probe':
    case 'probed':
    case 'testimony':
      return FIXED_BYTES;
    default:
      return message satisfies never;
  }
}

/**
 * How many messages, from the first one on, take no more than `limit` bytes of a frame: one at
 * least. And how many bytes they take, at most.
 */
export function prefixWithin(
  messages: readonly Message[],
  limit: number,
): { count: number; bytes: number } {
  let bytes = 0;
  let count = 0;
  for (const message of messages) {
    const more = messageBytes(message);
    if (count > 0 && bytes + more > limit) break;
    bytes += more;
    count += 1;
  }
  return { count, bytes };
}

/** How many messages, from one of them on, one frame takes of that size: one at least. */
export function frameWithin(messages: readonly Message[], from: number, limit: number): number {
  let bytes = FRAME_BYTES;
  let elements = FRAME_ELEMENTS;
  let count = 0;
  for (let at = from; at < messages.length; at++) {
    const message = messages[at] as Message;
    bytes += messageBytes(message);
    elements += messageElements(message);
    if (count > 0 && (bytes > limit || elements > FREE_ELEMENTS)) break;
    count += 1;
  }
  return count;
}

function ofValue(value: Value): number {
  let bytes = 0;
  for (const command of value) bytes += FRAMING_BYTES + command.length;
  return bytes;
}

function ofPvalues(pvalues: readonly Pvalue[]): number {
  let bytes = 0;
  for (const { value } of pvalues) bytes += PVALUE_BYTES + ofValue(value);
  return bytes;
}
