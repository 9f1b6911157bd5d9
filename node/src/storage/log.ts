import type { LogRecord, Recovered, StoredPvalue } from '../paxos/effects.ts';
import type { Incarnation } from '../paxos/log-end.ts';
import type { Slot } from '../paxos/pvalue.ts';

/**
 * The durable memory of acceptor and leader: append-only, one batch in flight at a time.
 * Implementations: segment files, and memory that can lose, tear, corrupt and fail.
 */
export interface Log {
  /**
   * Appends one batch of records, in order, and makes it durable.
   * @param done called once, later: without error when every record is durable; with one when the
   *   write or sync failed. After a failure nothing may be appended any more: the process ends.
   * @throws Error when a batch is still in flight (a mistake of the caller)
   */
  append(records: readonly LogRecord[], done: (error?: Error) => void): void;

  /**
   * Reads the last stored pvalue of each slot `from` ≤ s < `to` that has one, in slot order; it
   * stops early after `maxBytes` of values, but returns at least one when there is one. A record
   * that is being written is read too, unless the segment for it is still being made.
   */
  read(
    from: Slot,
    to: Slot,
    maxBytes: number,
    done: (error: Error | undefined, stored: readonly StoredPvalue[]) => void,
  ): void;

  /** Every batch below this sequence of blocks is durable. It never decreases. */
  readonly end: number;

  /** Slots below it are not read any more. */
  readonly first: Slot;

  /**
   * How far the log can let go of its records when every slot below `floor` is on enough disks.
   * @returns the slot to give to `collect`, or `first` when there is nothing to delete
   */
  collectable(floor: Slot): Slot;

  /**
   * Deletes what is below `floor`, in the background.
   * @param floor one that `collectable` gave; a `floor` record with it is durable
   * @param failed called at most once, when a file could not be deleted: the process ends
   */
  collect(floor: Slot, failed: (error: Error) => void): void;

  /** Bytes on disk. */
  readonly bytes: number;

  /**
   * Says where the log ends, durably, so that the next opening misses whatever is gone then. The
   * last call before `close`, of a process that stops in order.
   * @throws Error when a batch is in flight (a mistake of the caller), or the write failed
   */
  seal(): void;

  /**
   * Releases the files once the batch in flight has ended.
   * @throws the error of a write that failed, by rejection: what is read from there may not last
   */
  close(): Promise<void>;
}

/** An opened log and what it held. `slotOut`, of the state store, is added by the caller. */
export interface OpenedLog {
  readonly log: Log;
  /** Of this run: it is durable, and no other run of this member had it. */
  readonly incarnation: Incarnation;
  readonly recovered: Omit<Recovered, 'slotOut'>;
}
