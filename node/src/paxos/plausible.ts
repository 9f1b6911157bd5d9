import type { Ballot } from './ballot.ts';
import type { CoreMessage } from './messages.ts';
import type { Pvalue, Slot } from './pvalue.ts';

/** Rounds and slots beyond it do not fit into a log record, with room for what follows them. */
const LIMIT = 2 ** 47;
/** No honest member is so many rounds ahead of another one. */
const ROUNDS_AHEAD = 2 ** 32;

/** What a member knows, against which it holds what others say. */
export interface Known {
  /** The highest round that it heard of. */
  readonly round: number;
  /** No leader proposes here or beyond: see R5. */
  readonly slotsBelow: Slot;
}

/**
 * Whether a message can be that of an honest member. One that cannot is dropped: a slot, a round or
 * a page that nobody can mean would otherwise cost whoever takes it its memory, or its next ballot.
 */
export function isPlausible(message: CoreMessage, known: Known): boolean {
  const ballot = 'ballot' in message ? message.ballot : undefined;
  if (ballot !== undefined && !isBallot(ballot, known)) return false;
  switch (message.type) {
    case 'p1a':
    case 'learn':
      return isSlot(message.from);
    case 'forgotten':
      return isSlot(message.below);
    case 'p2a':
      return [message.slot, ...message.decided].every((slot) => slot < known.slotsBelow);
    case 'p2b':
      return isSlot(message.slot);
    case 'propose':
    case 'decision':
      return message.slot < known.slotsBelow;
    case 'p1b': {
      const { from, next = LIMIT, forgotten, pvalues } = message;
      return from < next && isSlot(forgotten) && areOf(pvalues, from, next, known);
    }
    case 'learned': {
      const { from, slotOut, floor = 0, decisions } = message;
      return isSlot(slotOut) && isSlot(floor) && areOf(decisions, from, LIMIT, known);
    }
    case 'heartbeat':
      return isSlot(message.slotOut) && (message.floor ?? 0) <= message.slotOut;
    case 'alive':
      return isSlot(message.slotOut) && message.flushed <= message.slotOut;
    case 'probed':
      return message.end <= known.slotsBelow;
    case 'canvassed':
      return isSlot(message.slotOut);
    case 'canvass':
    case 'hand-over':
    case 'question':
    case 'probe':
    case 'testimony':
      return true;
    default:
      return message satisfies never;
  }
}

function isSlot(slot: Slot): boolean {
  return slot < LIMIT;
}

function isBallot({ round }: Ballot, known: Known): boolean {
  return round < LIMIT && round <= known.round + ROUNDS_AHEAD;
}

/** In the order of their slots, and within the page. */
function areOf(pvalues: readonly Pvalue[], from: Slot, end: Slot, known: Known): boolean {
  let next = from;
  for (const { ballot, slot } of pvalues) {
    if (slot < next || slot >= end || !isBallot(ballot, known)) return false;
    next = slot + 1;
  }
  return true;
}
