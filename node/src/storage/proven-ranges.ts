import { DamageError } from './damage.ts';
import { EMPTY, isSameDigest, replaced, type Digest } from './digest.ts';
import type { Entry, TableKey } from './entry.ts';
import type { RawFile } from './raw-file.ts';
import { STATE_FILE } from './state-files.ts';
import { foundEntry, storedEntry } from './stored-entry.ts';
import { afterAll, tableOf } from './table-key.ts';

/** Begins the keys of the digests of ranges. */
const RANGE = '\0range\0';
/** So many characters of a key name its range: of random keys there are 65,536 ranges. */
const PREFIX = 2;

/**
 * Tables in which a key that is missing decides about safety: a session that is gone would let its
 * commands run again. So each small range of their keys has a digest of its own, and a key is read
 * together with its range: what is missing, foreign or stale is noticed before it means anything.
 */
export class ProvenRanges {
  readonly #raw: RawFile;
  readonly #seed: bigint;
  readonly #tables: ReadonlySet<string>;

  constructor(raw: RawFile, seed: bigint, tables: Iterable<string>) {
    this.#raw = raw;
    this.#seed = seed;
    this.#tables = new Set(tables);
  }

  covers(key: TableKey): boolean {
    return this.#tables.has(tableOf(key));
  }

  /** @throws DamageError when the range in which `key` is, or would be, is not what was written */
  check(key: TableKey): void {
    const prefix = prefixOf(key);
    let found = EMPTY;
    for (const [each, stored] of this.#raw.range({ from: prefix, to: afterAll(prefix) })) {
      found = replaced(found, undefined, foundEntry(each, stored, this.#seed).hash);
    }
    if (isSameDigest(found, this.#stored(prefix))) return;
    const range = Buffer.from(prefix, 'latin1').toString('hex');
    throw new DamageError(STATE_FILE, `the keys from ${range} on`, 'one is missing, or not theirs');
  }

  #stored(prefix: TableKey): Digest {
    const stored = this.#raw.get(RANGE + prefix);
    if (stored === undefined) return EMPTY;
    const { value } = foundEntry(RANGE + prefix, stored, this.#seed);
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    return { count: view.getUint32(0), sum: view.getBigUint64(4) };
  }

  /** Follows the entries of one write. */
  changes(): RangeChanges {
    return this.#changes((prefix) => this.#stored(prefix));
  }

  /** Follows the entries of another file, which is made from nothing. */
  staged(): RangeChanges {
    return this.#changes(() => EMPTY);
  }

  #changes(start: (prefix: TableKey) => Digest): RangeChanges {
    const changed = new Map<TableKey, Digest>();
    return {
      replace: (key, before, after) => {
        if (!this.covers(key)) return;
        const prefix = prefixOf(key);
        const digest = changed.get(prefix) ?? start(prefix);
        changed.set(prefix, replaced(digest, before, after));
      },
      entries: () => [...changed].map(([prefix, digest]) => this.#entry(prefix, digest)),
    };
  }

  #entry(prefix: TableKey, { count, sum }: Digest): Entry {
    const key = RANGE + prefix;
    if (count === 0 && sum === 0n) return [key, undefined];
    const value = Buffer.allocUnsafe(12);
    value.writeUInt32BE(count, 0);
    value.writeBigUInt64BE(sum, 4);
    return [key, storedEntry(key, value, this.#seed)];
  }
}

export interface RangeChanges {
  replace(key: TableKey, before: bigint | undefined, after: bigint | undefined): void;
  /** What has to be written with them. */
  entries(): Entry[];
}

function prefixOf(key: TableKey): TableKey {
  return key.slice(0, key.indexOf('\0') + 1 + PREFIX);
}
