import { crc32 } from 'node:zlib';
import type { Configuration } from '../paxos/configuration.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { DamageError } from './damage.ts';
import { Digests } from './digest.ts';
import type { Entry, TableKey } from './entry.ts';
import { parseJson, type Facts } from './facts.ts';
import type { RangeChanges } from './proven-ranges.ts';
import type { RawFile } from './raw-file.ts';
import { STATE_FILE } from './state-files.ts';
import { foundEntry, storedEntry } from './stored-entry.ts';
import { AFTER_TABLES, FIRST_TABLE, tableKey, tableOf } from './table-key.ts';

/*
 * The state as the first version had it. Layout of a value: crc32 of key and value u32, little
 * endian | value. Its meta record knew no digests, and the configurations had a table.
 */

const CHUNK_ENTRIES = 10_000;
const CONFIGURATIONS = tableKey('configurations', 'known');

export interface Format1 {
  readonly cluster: unknown;
  readonly member: unknown;
  readonly slotOut: Slot;
  /** Up to this key (in hex) the entries are of the present format already. */
  readonly converted?: string;
}

/** @returns `undefined` when the meta record is not of format 1 */
export function readFormat1(key: TableKey, stored: Uint8Array): Format1 | undefined {
  const value = valueOf1(key, stored);
  const meta = parseJson(value ?? new Uint8Array());
  if (meta['format'] !== 1 || typeof meta['slotOut'] !== 'number') return undefined;
  return meta as unknown as Format1; // From below a checksum: see `parseJson`.
}

export interface Conversion {
  readonly raw: RawFile;
  /** Of the meta record. */
  readonly key: TableKey;
  readonly meta: Format1;
  /** Of the hashes in the present format. */
  readonly seed: bigint;
  /** Told of each entry. */
  readonly ranges: RangeChanges;
}

/**
 * Brings the entries into the present format. A process that ends meanwhile goes on where it was.
 * @returns the facts, and what has to be written with them
 * @throws DamageError
 */
export function convertFormat1(of: Conversion): { facts: Facts; entries: Entry[] } {
  convertEntries(of);
  const { raw, seed, meta, ranges } = of;
  const digests = new Digests();
  let configurations: readonly Configuration[] | undefined;
  for (const [key, stored] of raw.range({ from: FIRST_TABLE, to: AFTER_TABLES })) {
    const { hash, value } = foundEntry(key, stored, seed);
    if (key === CONFIGURATIONS) {
      configurations = JSON.parse(Buffer.from(value).toString()) as Configuration[];
      continue;
    }
    digests.replace(tableOf(key), undefined, hash);
    ranges.replace(key, undefined, hash);
  }
  const { slotOut } = meta;
  const rest = { ...(configurations && { configurations }), logEnd: 0, heard: {} };
  return {
    facts: { slotOut, digests, ...rest },
    entries: [...ranges.entries(), [CONFIGURATIONS, undefined]],
  };
}

function convertEntries({ raw, key: metaKey, meta, seed }: Conversion): void {
  let last = Buffer.from(meta.converted ?? '', 'hex').toString('latin1');
  for (;;) {
    const entries: Entry[] = [];
    const from = last === '' ? FIRST_TABLE : `${last}\0`;
    for (const [key, stored] of raw.range({ from, to: AFTER_TABLES })) {
      const value = valueOf1(key, stored);
      if (value === undefined) {
        const record = `key ${Buffer.from(key, 'latin1').toString('hex')}`;
        throw new DamageError(STATE_FILE, record, 'its checksum does not match');
      }
      entries.push([key, storedEntry(key, value, seed)]);
      last = key;
      if (entries.length >= CHUNK_ENTRIES) break;
    }
    if (entries.length === 0) return;
    const converted = Buffer.from(last, 'latin1').toString('hex');
    entries.push([metaKey, storedMeta1(metaKey, { ...meta, converted })]);
    raw.writeNow(entries);
  }
}

function storedMeta1(key: TableKey, meta: Format1): Buffer {
  const value = Buffer.from(JSON.stringify(meta));
  const stored = Buffer.alloc(4 + value.length);
  stored.writeUInt32LE(checksum1(key, value), 0);
  stored.set(value, 4);
  return stored;
}

function valueOf1(key: TableKey, stored: Uint8Array): Uint8Array | undefined {
  if (stored.length < 4) return undefined;
  const value = stored.subarray(4);
  const found = new DataView(stored.buffer, stored.byteOffset).getUint32(0, true);
  return found === checksum1(key, value) ? value : undefined;
}

function checksum1(key: TableKey, value: Uint8Array): number {
  const ofKey = crc32(Buffer.from(key, 'latin1'));
  // Of no bytes, zlib may give the initial value in the place of the one that is carried on.
  return value.length === 0 ? ofKey : crc32(value, ofKey);
}
