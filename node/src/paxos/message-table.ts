import type { CoreMessage, Message, StateMessage } from './messages.ts';

/** What holds of every message of a type, whatever it says. */
interface Traits {
  /** What names the type on the wire: no other type ever has it. */
  readonly code: number;
  /** The core takes it. Everything else is the driver's. */
  readonly isOfCore: boolean;
  /**
   * Persist comes before send: it leaves only when every record queued before it, in whichever
   * step, is flushed. A p1b or p2b is a promise about the acceptor's memory, and a p1a uses up a
   * ballot. A p2a promises nothing: its own acceptor's record is written meanwhile.
   */
  readonly isHeld: boolean;
  /**
   * It is counted, believed or compared, and so taken from members of a known configuration alone.
   * Everything else is taken from whoever says that it belongs to the cluster: who knows only
   * members that were replaced meanwhile must be heard.
   */
  readonly isCounted: boolean;
  /**
   * A member takes it before it is admitted: what it learns, what admits it, and what is the
   * driver's. Everything else may be a vote, or lead to one.
   */
  readonly isTakenEarly: boolean;
}

/** In the order of their codes: a new type gets the next one. */
export const messageTable = {
  p1a: { code: 0, isOfCore: true, isHeld: true, isCounted: false, isTakenEarly: false },
  p2a: { code: 1, isOfCore: true, isHeld: false, isCounted: false, isTakenEarly: false },
  p1b: { code: 2, isOfCore: true, isHeld: true, isCounted: true, isTakenEarly: false },
  p2b: { code: 3, isOfCore: true, isHeld: true, isCounted: true, isTakenEarly: false },
  propose: { code: 4, isOfCore: true, isHeld: false, isCounted: true, isTakenEarly: false },
  forgotten: { code: 5, isOfCore: true, isHeld: false, isCounted: false, isTakenEarly: true },
  heartbeat: { code: 6, isOfCore: true, isHeld: false, isCounted: false, isTakenEarly: true },
  decision: { code: 7, isOfCore: true, isHeld: false, isCounted: false, isTakenEarly: true },
  learn: { code: 8, isOfCore: true, isHeld: false, isCounted: false, isTakenEarly: false },
  learned: { code: 9, isOfCore: true, isHeld: false, isCounted: false, isTakenEarly: true },
  alive: { code: 10, isOfCore: true, isHeld: false, isCounted: true, isTakenEarly: false },
  canvass: { code: 11, isOfCore: true, isHeld: false, isCounted: false, isTakenEarly: false },
  canvassed: { code: 12, isOfCore: true, isHeld: false, isCounted: true, isTakenEarly: false },
  'hand-over': { code: 13, isOfCore: true, isHeld: false, isCounted: false, isTakenEarly: false },
  fetch: { code: 14, isOfCore: false, isHeld: false, isCounted: false, isTakenEarly: true },
  chunk: { code: 15, isOfCore: false, isHeld: false, isCounted: false, isTakenEarly: true },
  question: { code: 16, isOfCore: true, isHeld: false, isCounted: false, isTakenEarly: true },
  testimony: { code: 17, isOfCore: true, isHeld: false, isCounted: true, isTakenEarly: true },
  history: { code: 18, isOfCore: false, isHeld: false, isCounted: true, isTakenEarly: true },
  digests: { code: 19, isOfCore: false, isHeld: false, isCounted: true, isTakenEarly: true },
  probe: { code: 20, isOfCore: true, isHeld: false, isCounted: false, isTakenEarly: false },
  probed: { code: 21, isOfCore: true, isHeld: false, isCounted: true, isTakenEarly: false },
  reach: { code: 22, isOfCore: false, isHeld: false, isCounted: true, isTakenEarly: true },
} as const satisfies Record<CoreMessage['type'], Traits & { readonly isOfCore: true }> &
  Record<StateMessage['type'], Traits & { readonly isOfCore: false }>;

export function isOfCore(message: Message): message is CoreMessage {
  return messageTable[message.type].isOfCore;
}
