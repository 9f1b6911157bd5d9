import type { Tables } from '../../../machines/src/port/tables.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { Entry } from './entry.ts';
import type { Facts, OwnFacts, SharedFacts } from './facts.ts';

/** What is said with a cut; what is left out stays as the cut before it had it. */
export type CutFacts = Partial<
  Pick<Facts, 'machine' | 'configurations' | 'history' | 'isReadOnly' | 'logEnd' | 'heard'>
> & {
  /** The hashes of the histories up to each slot since the cut before: see `historyAt`. */
  readonly passed?: PassedHistory;
};

/** Hashes of the history up to slot `first`, `first` + 1, … */
export interface PassedHistory {
  readonly first: Slot;
  readonly hashes: readonly bigint[];
}

/** A frozen set of writes that ends at a slot boundary. */
export interface Cut {
  /** The cut holds the effects of every slot below it that no earlier cut holds. */
  readonly slotOut: Slot;
  /**
   * Writes the cut and its facts in one transaction. Cuts are written in their order.
   * @param done called once: without error when the transaction is durable, with one when it failed
   *   (then the process ends), or when what it replaces is damaged
   */
  write(done: (error?: Error) => void): void;
}

/** The state on disk as it was at one time, to be read for another member. */
export interface StateSnapshot {
  readonly facts: SharedFacts;
  /** Of all tables. The last `next` throws DamageError when they are not what the facts say. */
  readonly entries: Iterator<Entry>;
  /** Owed soon: what is overwritten meanwhile stays on disk. */
  close(): void;
}

/** Another member's state, gathered beside the own one. */
export interface Staging {
  /** One call at a time. @param done called once it can take more */
  write(entries: readonly Entry[], done: (error?: Error) => void): void;
  /** @param done called once what was written so far is on disk */
  sync(done: (error?: Error) => void): void;
  /** Whether what was gathered is all of what these facts are of, and nothing else. */
  isAllOf(facts: SharedFacts): boolean;
  /**
   * All is there, and verified: from the next opening on it is the state.
   * @param done called once that is durable
   */
  commit(facts: SharedFacts, own: Omit<OwnFacts, 'origin'>, done: (error?: Error) => void): void;
  /** Lets go of what was gathered. */
  discard(): void;
}

/**
 * The ordered tables of the state machine and its sessions. Writes go to an overlay in memory;
 * reads look through it. Implementations: LMDB, and memory that can lose, corrupt and fail.
 */
export interface StateStore {
  readonly tables: Tables;
  /** As the state on disk has them. */
  readonly facts: Facts;
  /** Every slot below it is in the state on disk, and was when it was opened. */
  readonly flushedSlotOut: Slot;
  /** Bytes of keys and values written since the last cut. */
  readonly overlayBytes: number;
  /** The same since the last cut that is on disk: what is in memory alone. */
  readonly unwrittenBytes: number;
  /** Bytes of its file. */
  readonly bytes: number;
  /** Bytes of its file that hold something: the others are free for what comes. */
  readonly usedBytes: number;
  /**
   * Freezes what was written so far: the caller has just applied every slot below `slotOut`. Later
   * writes go to a new overlay.
   */
  cut(slotOut: Slot, facts?: CutFacts): Cut;
  /** The hash of the history up to a slot, if a cut since then said it. */
  historyAt(slot: Slot): bigint | undefined;
  /**
   * Looks at some entries on disk, and goes on with the next ones when it is called again.
   * @returns whether all of them have been looked at: the next call begins anew
   * @throws DamageError when a table is not what was written: a key is missing, foreign or stale
   */
  scrub(): boolean;
  /** What is on disk now, without the overlay. */
  snapshot(): StateSnapshot;
  /** Begins to gather another member's state. One at a time. */
  stage(): Staging;
  close(): Promise<void>;
}
