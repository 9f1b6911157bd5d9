import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { isClusterId } from './first-configuration.ts';
import { isObject, parseObject } from './json-object.ts';
import { isMachineVersion, type MachineVersion } from './machine-version.ts';
import { isSnapshotSlot, type HeldSnapshot } from './snapshot.ts';

/*
 * The file of a snapshot: what a cluster's machine had applied up to a slot, for a new cluster to
 * begin with. Big endian:
 *
 *   "SYNODSNP" | format u8 | length u32 | header, JSON
 *   tables in the order of their names, and for each its entries in the order of their keys:
 *     2 u8 | length u8 | name
 *     1 u8 | length u16 | key | length u32 | value
 *   0 u8 | length u32 | trailer, JSON: how many entries each table has
 *   SHA-256 of all before, 32 bytes
 *
 * What follows the hash, or is missing before it, is damage. No length is believed beyond its
 * bound.
 */

const MAGIC = Buffer.from('SYNODSNP', 'latin1');
export const SNAPSHOT_FORMAT = 1;
const END = 0;
const ENTRY = 1;
const TABLE = 2;
const HASH_BYTES = 32;
const MAX_HEADER_BYTES = 64 * 1024;
/** Of a key and the name of its table, which stands before it: so much does LMDB take. */
export const MAX_KEY_BYTES = 1977;
const MAX_VALUE_BYTES = 64 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/** What a snapshot says of itself. */
export interface SnapshotHeader {
  /** The version of Synod that made it. */
  readonly version: string;
  readonly namespace: string;
  readonly cluster: string;
  readonly clusterId: string;
  readonly machine: MachineVersion;
  /** It has what every slot below it did. */
  readonly slot: number;
  /** Whose state it is: the member's id, and where it ran. */
  readonly member: string;
  readonly name: string;
  /** When it was made, by that member's clock: ISO 8601. */
  readonly time: string;
  /** The digest of each table, as that member's state had it: entries, and sum of their hashes. */
  readonly digests: Readonly<Record<string, readonly [count: number, sum: string]>>;
}

/** A key is bytes, as one character (U+0000 to U+00FF) each. */
export interface SnapshotEntry {
  readonly table: string;
  readonly key: string;
  readonly value: Uint8Array;
}

/** A snapshot of which every byte was checked. */
export interface Snapshot {
  readonly header: SnapshotHeader;
  /** SHA-256, in hex: its name, with the slot. */
  readonly hash: string;
  readonly bytes: number;
  /** How many entries each table has. */
  readonly tables: Readonly<Record<string, number>>;
}

/** It is no snapshot, or not whole, or was changed; `message` is a sentence. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

function damaged(reason: string): SnapshotError {
  return new SnapshotError(`It is damaged: ${reason}.`);
}

/** Makes the bytes of a snapshot, piece by piece: the header, entries in order, and the end. */
export class SnapshotEncoder {
  readonly #hash = createHash('sha256');
  readonly #tables: Record<string, number> = {};
  #table: string | undefined;

  header(header: SnapshotHeader): Buffer {
    const text = Buffer.from(JSON.stringify(header));
    if (text.length > MAX_HEADER_BYTES) throw new RangeError(`a header of ${text.length} bytes`);
    return this.#piece(Buffer.concat([MAGIC, Buffer.of(SNAPSHOT_FORMAT), lengthOf(text), text]));
  }

  /** @throws RangeError when something is longer than a snapshot may have it */
  entry({ table, key, value }: SnapshotEntry): Buffer {
    const head = Buffer.allocUnsafe(3);
    if (table.length + key.length > MAX_KEY_BYTES) {
      throw new RangeError(`a key of ${key.length} bytes`);
    }
    if (value.length > MAX_VALUE_BYTES) throw new RangeError(`a value of ${value.length} bytes`);
    head[0] = ENTRY;
    head.writeUInt16BE(key.length, 1);
    const entry = [head, Buffer.from(key, 'latin1'), lengthOf(value), value];
    this.#tables[table] = (this.#tables[table] ?? 0) + 1;
    if (table === this.#table) return this.#piece(Buffer.concat(entry));
    this.#table = table;
    const name = Buffer.from(table, 'latin1');
    return this.#piece(Buffer.concat([Buffer.of(TABLE, name.length), name, ...entry]));
  }

  end(): Buffer {
    const text = Buffer.from(JSON.stringify({ tables: this.#tables }));
    const trailer = this.#piece(Buffer.concat([Buffer.of(END), lengthOf(text), text]));
    return Buffer.concat([trailer, this.#hash.digest()]);
  }

  #piece(bytes: Buffer): Buffer {
    this.#hash.update(bytes);
    return bytes;
  }
}

function lengthOf({ length }: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

/** Parses and checks the bytes of a snapshot, in whatever chunks they come. */
export class SnapshotParser {
  readonly #hash = createHash('sha256');
  readonly #tables: Record<string, number> = {};
  #rest = Buffer.alloc(0);
  #bytes = 0;
  #header: SnapshotHeader | undefined;
  #table: string | undefined;
  #key: string | undefined;
  #expects: 'header' | 'entries' | 'hash' | 'nothing' = 'header';
  #digest = '';

  /** What it says of itself, once that is here; it is not to be believed before the end. */
  get header(): SnapshotHeader | undefined {
    return this.#header;
  }

  /**
   * @returns the entries that are whole with these bytes; they may be views of `bytes`
   * @throws SnapshotError
   */
  take(bytes: Uint8Array): SnapshotEntry[] {
    const all = Buffer.concat([this.#rest, bytes]);
    const entries: SnapshotEntry[] = [];
    this.#bytes += bytes.length;
    let at = 0;
    for (;;) {
      const end = this.#next(all, at, entries);
      if (end === undefined) break;
      at = end;
    }
    this.#rest = all.subarray(at);
    return entries;
  }

  /** All bytes are here. @throws SnapshotError when it is not whole */
  end(): Snapshot {
    const { header } = this;
    if (this.#expects !== 'nothing' || header === undefined) throw damaged('its end is missing');
    return { header, hash: this.#digest, bytes: this.#bytes, tables: this.#tables };
  }

  /** @returns where the next one begins; `undefined` when this one is not whole yet */
  #next(all: Buffer, at: number, entries: SnapshotEntry[]): number | undefined {
    switch (this.#expects) {
      case 'header':
        return this.#hashed(all, at, this.#readHeader(all));
      case 'entries':
        return this.#hashed(all, at, this.#readEntry(all, at, entries));
      case 'hash':
        return this.#readHash(all, at);
      case 'nothing':
        if (at < all.length) throw damaged('there is more behind its end');
        return undefined;
      default:
        return this.#expects satisfies never;
    }
  }

  #hashed(all: Buffer, at: number, end: number | undefined): number | undefined {
    if (end !== undefined) this.#hash.update(all.subarray(at, end));
    return end;
  }

  #readHeader(all: Buffer): number | undefined {
    const known = all.subarray(0, MAGIC.length);
    if (!MAGIC.subarray(0, known.length).equals(known)) {
      throw new SnapshotError('It is not a snapshot.');
    }
    const format = all[MAGIC.length];
    if (format === undefined) return undefined;
    if (format !== SNAPSHOT_FORMAT) {
      throw new SnapshotError(
        `It has format ${format}, and this version of Synod reads format ${SNAPSHOT_FORMAT}.`,
      );
    }
    const text = textAt(all, MAGIC.length + 1, MAX_HEADER_BYTES, 'header');
    if (text === undefined) return undefined;
    const header = parseObject(text.text);
    if (!isHeader(header)) throw damaged('its header says something else');
    this.#header = header;
    this.#expects = 'entries';
    return text.end;
  }

  #readEntry(all: Buffer, at: number, entries: SnapshotEntry[]): number | undefined {
    const kind = all[at];
    if (kind === undefined) return undefined;
    if (kind === TABLE) return this.#readTable(all, at + 1);
    if (kind === END) return this.#readTrailer(all, at + 1);
    if (kind !== ENTRY || this.#table === undefined) throw damaged('it has an unknown entry');
    const keyAt = at + 3;
    const most = MAX_KEY_BYTES - this.#table.length;
    if (all.length < keyAt) return undefined;
    const lengthAt = keyAt + bounded(all.readUInt16BE(at + 1), most, 'key');
    const valueAt = lengthAt + 4;
    if (all.length < valueAt) return undefined;
    const end = valueAt + bounded(all.readUInt32BE(lengthAt), MAX_VALUE_BYTES, 'value');
    if (all.length < end) return undefined;
    const key = all.toString('latin1', keyAt, lengthAt);
    if (this.#key !== undefined && key <= this.#key) throw damaged('its keys are not in order');
    this.#key = key;
    this.#tables[this.#table] = (this.#tables[this.#table] ?? 0) + 1;
    entries.push({ table: this.#table, key, value: all.subarray(valueAt, end) });
    return end;
  }

  #readTable(all: Buffer, at: number): number | undefined {
    const length = all[at];
    if (length === undefined || all.length < at + 1 + length) return undefined;
    const table = all.toString('latin1', at + 1, at + 1 + length);
    const isNext = this.#table === undefined || table > this.#table;
    if (!isNext || table === '') throw damaged('its tables are not in order');
    this.#table = table;
    this.#key = undefined;
    return at + 1 + length;
  }

  #readTrailer(all: Buffer, at: number): number | undefined {
    const text = textAt(all, at, MAX_HEADER_BYTES, 'trailer');
    if (text === undefined) return undefined;
    const { tables } = parseObject(text.text) ?? {};
    const isSame = isObject(tables) && JSON.stringify(tables) === JSON.stringify(this.#tables);
    if (!isSame) throw damaged('it has not the entries that were written');
    this.#expects = 'hash';
    return text.end;
  }

  #readHash(all: Buffer, at: number): number | undefined {
    if (all.length < at + HASH_BYTES) return undefined;
    this.#digest = this.#hash.digest('hex');
    if (all.toString('hex', at, at + HASH_BYTES) !== this.#digest) {
      throw damaged('its hash does not match');
    }
    this.#expects = 'nothing';
    return at + HASH_BYTES;
  }
}

function textAt(
  all: Buffer,
  at: number,
  most: number,
  what: string,
): { readonly text: string; readonly end: number } | undefined {
  if (all.length < at + 4) return undefined;
  const end = at + 4 + bounded(all.readUInt32BE(at), most, what);
  return all.length < end ? undefined : { text: all.toString('utf8', at + 4, end), end };
}

function bounded(length: number, most: number, what: string): number {
  if (length > most) throw damaged(`it has a ${what} of ${length} bytes`);
  return length;
}

function isHeader(value: unknown): value is SnapshotHeader {
  if (!isObject(value)) return false;
  const { clusterId, machine, slot, digests } = value;
  const texts = ['version', 'namespace', 'cluster', 'member', 'name', 'time'];
  return (
    texts.every((field) => isLine(value[field])) &&
    isClusterId(clusterId) &&
    isMachineVersion(machine) &&
    isSnapshotSlot(slot) &&
    isObject(digests) &&
    Object.values(digests).every(isDigest)
  );
}

/** It may be shown on a terminal. */
function isLine(value: unknown): boolean {
  return typeof value === 'string' && !/\p{Cc}/u.test(value);
}

function isDigest(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [count, sum] = value as unknown[];
  return Number.isSafeInteger(count) && typeof sum === 'string' && /^[0-9a-f]{1,16}$/.test(sum);
}

/**
 * Reads a snapshot from its file, some entries at a time.
 * @returns what it is, once all of it was checked: nothing that was read counts before
 * @throws SnapshotError, or what the system says
 */
export function* readSnapshot(file: string): Generator<readonly SnapshotEntry[], Snapshot> {
  const parser = new SnapshotParser();
  const handle = fs.openSync(file, 'r');
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(READ_BYTES);
      const bytes = fs.readSync(handle, chunk);
      if (bytes === 0) return parser.end();
      yield parser.take(chunk.subarray(0, bytes));
    }
  } finally {
    fs.closeSync(handle);
  }
}

/** Reads and checks all of a snapshot's file. @throws as `readSnapshot` */
export function verifySnapshot(file: string): Snapshot {
  const entries = readSnapshot(file);
  for (;;) {
    const next = entries.next();
    if (next.done === true) return next.value;
  }
}

export function heldSnapshotOf({ header, hash }: Snapshot): HeldSnapshot {
  const { slot, machine } = header;
  return { slot, hash, machine };
}
