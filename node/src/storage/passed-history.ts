import type { Slot } from '../paxos/pvalue.ts';
import type { Entry, TableKey } from './entry.ts';
import type { RawFile } from './raw-file.ts';
import type { PassedHistory } from './state.ts';
import { foundEntry, storedEntry } from './stored-entry.ts';

/** Begins the keys of records, before the slot (u64, big endian) of their first hash. */
const HISTORY = '\0history\0';
const HASH_BYTES = 8;
/** So many slots are kept, at least: a member that comes back is compared where the others are. */
const KEPT_SLOTS = 128 * 1024;

/**
 * The hashes of the history up to each slot, as far back as they are kept: one record a cut. They
 * are the member's own, and no part of the state.
 */
export class PassedHistories {
  readonly #raw: RawFile;
  readonly #seed: bigint;

  constructor(raw: RawFile, seed: bigint) {
    this.#raw = raw;
    this.#seed = seed;
  }

  /** @throws DamageError */
  at(slot: Slot): bigint | undefined {
    const range = { from: keyOf(0), to: keyOf(slot + 1), reverse: true };
    const [record] = this.#raw.range(range);
    if (record === undefined) return undefined;
    const [key, stored] = record;
    const { value } = foundEntry(key, stored, this.#seed);
    const at = (slot - slotOf(key)) * HASH_BYTES;
    if (at + HASH_BYTES > value.length) return undefined;
    return new DataView(value.buffer, value.byteOffset).getBigUint64(at);
  }

  /** The entries that keep these hashes, and let go of the oldest. */
  entries({ first, hashes }: PassedHistory): Entry[] {
    if (hashes.length === 0) return [];
    const value = Buffer.allocUnsafe(hashes.length * HASH_BYTES);
    for (const [i, hash] of hashes.entries()) value.writeBigUInt64BE(hash, i * HASH_BYTES);
    const entries: Entry[] = [[keyOf(first), storedEntry(keyOf(first), value, this.#seed)]];
    // Two for each that comes: what is kept does not grow, also where cuts became larger.
    for (const [key, stored] of this.#raw.range({ from: keyOf(0), to: keyOf(first) })) {
      const next = slotOf(key) + stored.length / HASH_BYTES;
      if (next + KEPT_SLOTS > first || entries.length > 2) break;
      entries.push([key, undefined]);
    }
    return entries;
  }
}

function keyOf(slot: Slot): TableKey {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(slot));
  return HISTORY + bytes.toString('latin1');
}

function slotOf(key: TableKey): Slot {
  return Number(Buffer.from(key.slice(HISTORY.length), 'latin1').readBigUInt64BE());
}
