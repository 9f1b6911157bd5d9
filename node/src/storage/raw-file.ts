import type { Digest } from './digest.ts';
import type { Entry, TableKey } from './entry.ts';

export interface KeyRange {
  /** Inclusive. */
  readonly from: TableKey;
  /** Exclusive. */
  readonly to: TableKey;
  readonly reverse?: boolean;
}

export type RawEntry = readonly [key: TableKey, stored: Uint8Array];

/**
 * Ordered keys and values in one durable file. What it gives back is not to be trusted: a key that
 * is missing, or there, proves nothing. Implementations: LMDB, and memory that loses and fails.
 */
export interface RawFile {
  readonly bytes: number;
  /** Those that hold something. */
  readonly usedBytes: number;
  /**
   * What the entries of all tables came to when it was opened, by the hashes stored with them;
   * `undefined` where that was not looked at.
   */
  readonly found: Digest | undefined;
  /** @throws DamageError when the file itself finds something wrong */
  get(key: TableKey): Uint8Array | undefined;
  range(range: KeyRange): Iterable<RawEntry>;
  /** Writes all entries in one transaction; done when it is durable. */
  write(entries: Iterable<Entry>, done: (error?: Error) => void): void;
  /** The same before anything else is asked of the file: it holds up the process. */
  writeNow(entries: readonly Entry[]): void;
  /** The file as it is now, whatever is written meanwhile. */
  snapshot(): RawSnapshot;
  /** Begins another file, which can take the place of this one. */
  stage(): RawStaging;
  close(): Promise<void>;
}

export interface RawSnapshot {
  get(key: TableKey): Uint8Array | undefined;
  range(range: KeyRange): Iterable<RawEntry>;
  /** Owed soon: what is overwritten meanwhile stays on disk. */
  close(): void;
}

export interface RawStaging {
  /** One call at a time. */
  write(entries: readonly Entry[], done: (error?: Error) => void): void;
  /** @param done called once what was written so far is on disk */
  sync(done: (error?: Error) => void): void;
  /** With these entries it is whole: from the next opening on it is the file. Durable when done. */
  commit(entries: readonly Entry[], done: (error?: Error) => void): void;
  discard(): void;
}
