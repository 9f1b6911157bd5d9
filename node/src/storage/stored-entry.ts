import { DamageError } from './damage.ts';
import { entryHash } from './digest.ts';
import type { TableKey } from './entry.ts';
import { STATE_FILE } from './state-files.ts';

/*
 * How the value of an entry is stored. Layout: hash of key and value u64, little endian | value.
 * The hash is a checksum, and what the digest of the entry's table sums up.
 */
export const HASH_BYTES = 8;

export interface FoundEntry {
  readonly hash: bigint;
  readonly value: Uint8Array;
}

/** @param seed of the cluster's hashes */
export function storedEntry(key: TableKey, value: Uint8Array, seed: bigint): Buffer {
  const stored = Buffer.allocUnsafe(HASH_BYTES + value.length);
  stored.writeBigUInt64LE(entryHash(Buffer.from(key, 'latin1'), value, seed), 0);
  stored.set(value, HASH_BYTES);
  return stored;
}

/** The hash in an entry that `storedEntry` made. */
export function hashIn(stored: Buffer): bigint {
  return stored.readBigUInt64LE(0);
}

/** @throws DamageError */
export function foundEntry(key: TableKey, stored: Uint8Array, seed: bigint): FoundEntry {
  const { buffer, byteOffset, length } = stored;
  const value = stored.subarray(HASH_BYTES);
  const bytes = Buffer.from(key, 'latin1');
  if (length >= HASH_BYTES) {
    const hash = entryHash(bytes, value, seed);
    if (hash === Buffer.from(buffer, byteOffset, HASH_BYTES).readBigUInt64LE(0)) {
      return { hash, value };
    }
  }
  const record = `key ${bytes.toString('hex')}`;
  throw new DamageError(STATE_FILE, record, 'its checksum does not match');
}
