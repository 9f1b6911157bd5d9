import type { Tables } from '../machine/tables.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { Entry } from './entry.ts';

/** A frozen set of writes that ends at a slot boundary. */
export interface Cut {
  /** The cut holds the effects of every slot below it that no earlier cut holds. */
  readonly slotOut: Slot;
  /**
   * Writes the cut and its `slotOut` in one transaction, without holding up the event loop for
   * more than about 5 ms.
   * @param done called once: without error when the transaction is durable, with one when it failed
   *   (then the process ends)
   */
  write(done: (error?: Error) => void): void;
}

/** The state on disk as it was at one time, to be read for another member. */
export interface StateSnapshot {
  /** It has applied every slot below it. */
  readonly slotOut: Slot;
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
  /**
   * All is there, and verified: from the next opening on it is the state.
   * @param done called once that is durable
   */
  commit(slotOut: Slot, done: (error?: Error) => void): void;
  /** Lets go of what was gathered. */
  discard(): void;
}

/**
 * The ordered tables of the state machine and its sessions. Writes go to an overlay in memory;
 * reads look through it. Implementations: LMDB, and memory that can lose, corrupt and fail.
 */
export interface StateStore {
  readonly tables: Tables;
  /** Every slot below it is in the state on disk, and was when it was opened. */
  readonly flushedSlotOut: Slot;
  /** Bytes of keys and values written since the last cut. */
  readonly overlayBytes: number;
  /** Bytes on disk. */
  readonly bytes: number;
  /**
   * Freezes what was written so far: the caller has just applied every slot below `slotOut`. Later
   * writes go to a new overlay. One cut at a time: the next only after `write` is done.
   */
  cut(slotOut: Slot): Cut;
  /** What is on disk now, without the overlay. */
  snapshot(): StateSnapshot;
  /** Begins to gather another member's state. One at a time. */
  stage(): Staging;
  close(): Promise<void>;
}
