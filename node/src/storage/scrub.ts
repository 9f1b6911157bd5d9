import { DamageError } from './damage.ts';
import { Digests, isSameDigest } from './digest.ts';
import type { TableKey } from './entry.ts';
import type { RawFile } from './raw-file.ts';
import { STATE_FILE } from './state-files.ts';
import { foundEntry } from './stored-entry.ts';
import { AFTER_TABLES, FIRST_TABLE, tableOf } from './table-key.ts';

/** Of a slice: what takes less than a millisecond. */
const SLICE_ENTRIES = 100;
const SLICE_BYTES = 64 * 1024;

/**
 * Goes over all entries of a file, a slice at a time, again and again, and compares the digest of
 * each table with what was written. So it finds what no look-up can: a key that is missing, one
 * that does not belong there, a value that is older than what was written last.
 */
export class Scrub {
  readonly #raw: RawFile;
  readonly #seed: bigint;
  #seen = new Digests();
  /** The last key that was looked at; `undefined` at the beginning. */
  #last: TableKey | undefined;

  constructor(raw: RawFile, seed: bigint) {
    this.#raw = raw;
    this.#seed = seed;
  }

  /** An entry is written. No slice comes before that is durable. */
  replaced(key: TableKey, before: bigint | undefined, after: bigint | undefined): void {
    if (this.#last === undefined || key > this.#last) return; // It comes yet.
    this.#seen.replace(tableOf(key), before, after);
  }

  /**
   * Looks at one slice.
   * @param expected what was written
   * @returns whether it was the last one: the next call begins anew
   * @throws DamageError
   */
  slice(expected: Digests): boolean {
    let entries = 0;
    let bytes = 0;
    const from = this.#last === undefined ? FIRST_TABLE : `${this.#last}\0`;
    for (const [key, stored] of this.#raw.range({ from, to: AFTER_TABLES })) {
      const before = this.#last === undefined ? undefined : tableOf(this.#last);
      if (before !== undefined && tableOf(key) !== before) this.#compare(before, expected);
      this.#seen.replace(tableOf(key), undefined, foundEntry(key, stored, this.#seed).hash);
      this.#last = key;
      entries += 1;
      bytes += key.length + stored.length;
      if (entries >= SLICE_ENTRIES || bytes >= SLICE_BYTES) return false;
    }
    const different = this.#seen.firstDifference(expected);
    if (different !== undefined) this.#compare(different, expected);
    this.#seen = new Digests();
    this.#last = undefined;
    return true;
  }

  #compare(table: string, expected: Digests): void {
    const [found, written] = [this.#seen.of(table), expected.of(table)];
    if (isSameDigest(found, written)) return;
    const what = `it has ${found.count} entries, and not the ${written.count} that were written`;
    throw new DamageError(STATE_FILE, `table ${table}`, what);
  }
}
