import type { Slot } from '../paxos/pvalue.ts';
import type { Entry, TableKey } from './entry.ts';
import type { StateSnapshot, Staging } from './state.ts';

export interface KeyRange {
  /** Inclusive. */
  readonly from: TableKey;
  /** Exclusive. */
  readonly to: TableKey;
  readonly reverse: boolean;
}

/**
 * The durable part of the state: ordered keys, and the `slot_out` that they are the state of.
 * Implementations: LMDB, and memory that loses and fails.
 */
export interface TableFile {
  /** Every slot below it is in the file. */
  readonly slotOut: Slot;
  readonly bytes: number;
  /** @throws DamageError when what is stored fails its check */
  get(key: TableKey): Uint8Array | undefined;
  range(range: KeyRange): Iterable<readonly [TableKey, Uint8Array]>;
  /** Writes all entries and `slotOut` in one transaction; done when it is durable. */
  write(entries: Iterable<Entry>, slotOut: Slot, done: (error?: Error) => void): void;
  snapshot(): StateSnapshot;
  stage(): Staging;
  close(): Promise<void>;
}
