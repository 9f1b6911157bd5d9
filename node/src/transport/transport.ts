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
  /** Sends to one member, in one frame. Dropped while disconnected. */
  send(to: MemberId, messages: readonly Message[]): void;
  /** Sends to every other member with one publish. */
  broadcast(messages: readonly Message[]): void;
  /** Hands over every message, once parsed, that is of this cluster and for this member. */
  onMessage(handler: TakeMessage): void;
  /** Calls `done` once what was sent so far has reached the broker, or after a deadline. */
  flush(done: () => void): void;
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
