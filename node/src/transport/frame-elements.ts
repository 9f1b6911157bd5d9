import type { Message } from '../paxos/messages.ts';
import type { Pvalue } from '../paxos/pvalue.ts';

/*
 * Of what is read, an element of a list costs about as much as a thousand bytes of a command. So a
 * frame has no more of them than members send: whoever divides messages into frames counts them,
 * and who reads a frame refuses it with the first one too many.
 */

/** A full page of no-ops has fewer: 8,192 of them here, and 10,900 as older members made it. */
export const FREE_ELEMENTS = 65_536;
/** A command has at least 23 bytes, and two that frame it. */
const BYTES_PER_ELEMENT = 24;
/** Of a message beside its lists. None has so many: they bound how many messages a frame has. */
const MESSAGE_ELEMENTS = 32;
export const MOST_MESSAGES = FREE_ELEMENTS / MESSAGE_ELEMENTS;
/** The pvalue, its ballot (two), its slot, its value. */
const PVALUE_ELEMENTS = 5;
/** The end, and up to five fields. */
const END_ELEMENTS = 6;
/** The digest, and its three fields. */
const DIGEST_ELEMENTS = 4;

/** How many elements all lists of a frame may have together. */
export function mostElements(frameBytes: number): number {
  return FREE_ELEMENTS + Math.floor(frameBytes / BYTES_PER_ELEMENT);
}

/** How many elements the lists of a message have, at most. */
export function messageElements(message: Message): number {
  switch (message.type) {
    case 'p2a':
      return MESSAGE_ELEMENTS + message.value.length + message.decided.length;
    case 'propose':
      return MESSAGE_ELEMENTS + message.value.length;
    case 'decision':
      return MESSAGE_ELEMENTS + (message.value?.length ?? 0);
    case 'p1b':
      return MESSAGE_ELEMENTS + ofPvalues(message.pvalues);
    case 'learned':
      return MESSAGE_ELEMENTS + ofPvalues(message.decisions);
    case 'heartbeat':
      return MESSAGE_ELEMENTS + END_ELEMENTS * Object.keys(message.ends ?? {}).length;
    case 'digests':
      return MESSAGE_ELEMENTS + DIGEST_ELEMENTS * message.tables.length;
    case 'alive':
    case 'canvass':
    case 'canvassed':
    case 'chunk':
    case 'fetch':
    case 'forgotten':
    case 'hand-over':
    case 'history':
    case 'learn':
    case 'p1a':
    case 'p2b':
    case 'probe':
    case 'probed':
    case 'question':
    case 'reach':
    case 'testimony':
      return MESSAGE_ELEMENTS;
    default:
      return message satisfies never;
  }
}

function ofPvalues(pvalues: readonly Pvalue[]): number {
  let elements = 0;
  for (const { value } of pvalues) elements += PVALUE_ELEMENTS + value.length;
  return elements;
}
