import type { MemberId } from '../paxos/ballot.ts';
import type { HistoryMark } from '../paxos/history.ts';
import type { LogEnd } from '../paxos/log-end.ts';
import type { Message } from '../paxos/messages.ts';

/** What every frame says of its sender. */
export interface Stamp {
  readonly end: LogEnd;
  readonly history?: HistoryMark;
}

/** Told of each message; `from` may be the own id, when another process has it, too. */
export type TakeMessage = (from: MemberId, message: Message, stamp: Stamp) => void;

/**
 * Carries protocol messages between the members of one cluster. Any message may be lost,
 * duplicated, delayed or reordered: retransmission is the protocol's.
 */
export interface Transport {
  /** No larger frame is sent as one message; it may change at any time. */
  readonly maxFrameBytes: number;
  /** Sends to one member, in one frame. Dropped while disconnected. */
  send(to: MemberId, messages: readonly Message[]): void;
  /** Sends to every other member with one publish. */
  broadcast(messages: readonly Message[]): void;
  /** Hands over every message, once parsed, that is of this cluster and for this member. */
  onMessage(handler: TakeMessage): void;
  /**
   * Asks the network whether a process listens where that member does. There is one question at a
   * time, and no answer but to `onGone`.
   */
  askPresence(of: MemberId): void;
  /**
   * Told when the network says that nobody listens there. A hint: it may be about to connect again,
   * or there may be no way to it from here.
   */
  onGone(handler: (member: MemberId) => void): void;
  /** Calls `done` once what was sent so far has reached the broker, or after a deadline. */
  flush(done: () => void): void;
}

/** What a frame has beside the commands of a message: ids, its stamp, decisions that ride along. */
const FRAME_ROOM = 4096;
/** A command of that size is always taken. Where no frame has room for it, it travels in parts. */
const LEAST_ROOM = 1024;

/** How many bytes commands and their framing may have, so that a message with them fits a frame. */
export function roomIn(maxFrameBytes: number): number {
  return Math.max(LEAST_ROOM, maxFrameBytes - FRAME_ROOM);
}

export const dropReasons = [
  'malformed',
  'garbled',
  'other-cluster',
  'not-for-me',
  'too-large',
] as const;

/** Why something that came in, or was to go out, was dropped. */
export type DropReason = (typeof dropReasons)[number];
