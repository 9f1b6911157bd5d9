import { keyOf, type Bytes, type Key, type Tables } from './tables.ts';

/** A count or position as a value: u64, big endian. */
export function encodeCount(count: number): Bytes {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32BE(Math.floor(count / 2 ** 32), 0);
  bytes.writeUInt32BE(count % 2 ** 32, 4);
  return bytes;
}

export function decodeCount(bytes: Bytes): number {
  let count = 0;
  for (const byte of bytes) count = count * 256 + byte;
  return count;
}

/** A count as a key: keys sort as the numbers do. */
export function countKey(count: number): Key {
  return keyOf(encodeCount(count));
}

/** A count that a machine keeps in a table of its own: 0 until it is first written. */
export class StoredCount {
  readonly #table: string;
  readonly #key: Key;

  constructor(table: string, key: Key) {
    this.#table = table;
    this.#key = key;
  }

  read(tables: Tables): number {
    const bytes = tables.get(this.#table, this.#key);
    return bytes === undefined ? 0 : decodeCount(bytes);
  }

  write(tables: Tables, count: number): void {
    tables.put(this.#table, this.#key, encodeCount(count));
  }
}
