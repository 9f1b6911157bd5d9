import type { Ballot, MemberId } from './ballot.ts';
import type { HistoryMark } from './history.ts';
import type { HeardEnds, Incarnation } from './log-end.ts';
import type { Pvalue, Slot, Value } from './pvalue.ts';

/* To the acceptor. */

/** Phase 1a: asks to adopt `ballot` and to report what was accepted from slot `from` on. */
export interface P1a {
  readonly type: 'p1a';
  readonly ballot: Ballot;
  /** The leader's `slot_out`, or where the previous page ended. */
  readonly from: Slot;
}

/** Phase 2a: asks to accept a pvalue. Decisions of the same ballot ride along. */
export interface P2a {
  readonly type: 'p2a';
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly value: Value;
  /** Slots that were decided at `ballot` since the last p2a. */
  readonly decided: readonly Slot[];
}

/** Asks a voter how far it has accepted: whoever reads has to have applied that (PMMC 4.5). */
export interface Probe {
  readonly type: 'probe';
  /** The run that asks. */
  readonly of: Incarnation;
  /** The number of the probe in that run. */
  readonly number: number;
}

/* To the leader. */

/** Phase 1b: the acceptor's ballot and one page of what it accepted. */
export interface P1b {
  readonly type: 'p1b';
  /** The acceptor's ballot: higher than the scout's means preempted, lower means stale. */
  readonly ballot: Ballot;
  /** The page covers the slots `from` ≤ s < `next`; without `next` it reaches the end. */
  readonly from: Slot;
  readonly next?: Slot;
  /** Every slot below it is decided, and its pvalues are no longer reported. */
  readonly forgotten: Slot;
  readonly pvalues: readonly Pvalue[];
}

/** Phase 2b: the acceptor's ballot, for the p2a of `slot`. */
export interface P2b {
  readonly type: 'p2b';
  readonly ballot: Ballot;
  readonly slot: Slot;
}

/** A replica proposes `value` for `slot`. */
export interface Propose {
  readonly type: 'propose';
  readonly slot: Slot;
  readonly value: Value;
}

/** Answers a p2a or propose for a slot that was decided and forgotten: learn up to `below`. */
export interface Forgotten {
  readonly type: 'forgotten';
  readonly below: Slot;
}

/** An active leader is alive, and has applied every slot below `slotOut`. */
export interface Heartbeat {
  readonly type: 'heartbeat';
  readonly ballot: Ballot;
  readonly slotOut: Slot;
  /** Every slot below it is on enough disks; without it, none is known to be. */
  readonly floor?: Slot;
  /** How far the members' logs go, as far as the leader heard: so all are witnesses. */
  readonly ends?: HeardEnds;
}

/** Answers a heartbeat. With a higher ballot than that had: the follower knows of another one. */
export interface Alive {
  readonly type: 'alive';
  readonly ballot: Ballot;
  /** It has applied every slot below. */
  readonly slotOut: Slot;
  /** The state on its disk has every slot below. */
  readonly flushed: Slot;
  /** The newest version of the state machine that it knows. */
  readonly machine?: number;
}

/** Who suspects the leader asks, before it uses `ballot`, whether the others miss one, too. */
export interface Canvass {
  readonly type: 'canvass';
  readonly ballot: Ballot;
}

/** The answer to a canvass. It promises nothing. */
export interface Canvassed {
  readonly type: 'canvassed';
  readonly ballot: Ballot;
  /** Whether it hears no leader either. */
  readonly supports: boolean;
  readonly slotOut: Slot;
}

/** The leader at `ballot` asks the receiver to lead at once, with a higher ballot. */
export interface HandOver {
  readonly type: 'hand-over';
  readonly ballot: Ballot;
}

/* To the leader from its own children, within a member. */

/** Scout to leader: a quorum adopted `ballot`; `pvalues` has the highest-ballot one a slot. */
export interface Adopted {
  readonly type: 'adopted';
  readonly ballot: Ballot;
  /** The scout asked from this slot on. */
  readonly from: Slot;
  /** Of those that acceptors reported, the highest. */
  readonly forgotten: Slot;
  readonly pvalues: ReadonlyMap<Slot, Pvalue>;
}

/** Scout or commander to leader: some acceptor has a higher ballot. */
export interface Preempted {
  readonly type: 'preempted';
  readonly ballot: Ballot;
}

/* To the replica, and to who reads there. */

/** Slot `slot` was decided at `ballot`; a decision need not carry its value. */
export interface Decision {
  readonly type: 'decision';
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly value?: Value;
}

/** Asks for what is decided from slot `from` on. */
export interface Learn {
  readonly type: 'learn';
  readonly from: Slot;
  /** Slot `from` is known to be decided at this ballot, but not its value. */
  readonly ballot?: Ballot;
  /** The survey that this question belongs to: the answer names it. */
  readonly survey?: number;
}

/** The answer to a learn: decided pvalues, and how far the sender has applied. */
export interface Learned {
  readonly type: 'learned';
  readonly from: Slot;
  readonly slotOut: Slot;
  readonly decisions: readonly Pvalue[];
  readonly survey?: number;
  /** The sender's log begins here, above `from`: its state has to be fetched. */
  readonly floor?: Slot;
}

/** The answer to a probe. It promises nothing. */
export interface Probed {
  readonly type: 'probed';
  readonly of: Incarnation;
  readonly number: number;
  /** Every slot that the voter accepted, or has as decided, is below it. */
  readonly end: Slot;
}

/* Between the runs of members: what is remembered of who starts. */

/** Whoever starts asks, before it votes, what the others remember of it. */
export interface Question {
  readonly type: 'question';
}

/** The answer to a question; and what a run is told, unasked, that another one outlives. */
export interface Testimony {
  readonly type: 'testimony';
  /** The run that it is meant for. */
  readonly of: Incarnation;
  /** A run of the receiver that is not older, if one was heard. */
  readonly latest?: Incarnation;
  /** The farthest that another run of the receiver said of its log; 0 when nothing is known. */
  readonly sequence: number;
}

/* State transfer (PMMC 4.2): the state as bytes, chunk after chunk, each on request. */

/** Asks for a chunk of the state. */
export interface Fetch {
  readonly type: 'fetch';
  /** The snapshot that the chunk is of; without it, one is to be taken. */
  readonly snapshot?: string;
  /** The chunk's number, from 0 on. */
  readonly at: number;
}

/** A chunk of a snapshot. */
export interface Chunk {
  readonly type: 'chunk';
  readonly snapshot: string;
  /** The snapshot has applied every slot below it. */
  readonly slot: Slot;
  readonly at: number;
  readonly bytes: Uint8Array;
  /** Digest of all bytes up to the end of this chunk. */
  readonly digest: string;
  readonly isLast: boolean;
}

/* Comparison: members that applied the same slots have the same history, and the same state. */

/** What the sender's history comes to at a slot. */
export interface HistoryAt {
  readonly type: 'history';
  readonly mark: HistoryMark;
  /** The receiver is to say the same of its own. */
  readonly asks: boolean;
}

/** What the sender's state comes to, after a slot in which the log says to compare. */
export interface Digests {
  readonly type: 'digests';
  readonly slot: Slot;
  readonly tables: readonly TableDigest[];
}

/** A table has so many entries, and their hashes have that sum. */
export interface TableDigest {
  readonly table: string;
  readonly count: number;
  readonly sum: bigint;
}

/* Reach: a leader that does not hear a voter has the others look for it. */

export const reachSteps = ['ask', 'call', 'answer', 'found'] as const;

/**
 * The leader *asks* another one whether it reaches `member`; that one *calls* it in the name of the
 * leader, which `member` is from there on; it *answers*, and the leader hears that it was *found*.
 */
export interface Reach {
  readonly type: 'reach';
  readonly step: (typeof reachSteps)[number];
  readonly member: MemberId;
}

export type AcceptorMessage = P1a | P2a | Probe;
export type LeaderMessage =
  P1b | P2b | Propose | Forgotten | Heartbeat | Alive | Canvass | Canvassed | HandOver;
export type ReplicaMessage = Decision | Learn | Learned | Probed;
export type WitnessMessage = Question | Testimony;
/** Beside the core: the driver takes them. */
export type StateMessage = Fetch | Chunk | HistoryAt | Digests | Reach;

/** What members send one another. */
export type Message =
  AcceptorMessage | LeaderMessage | ReplicaMessage | WitnessMessage | StateMessage;
/** What the core takes. */
export type CoreMessage = Exclude<Message, StateMessage>;
