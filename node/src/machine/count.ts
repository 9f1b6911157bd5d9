import type { Bytes, Tables } from './tables.ts';

/** A count or position as a key or value: u64, big endian, so that keys sort as numbers do. */
export function encodeCount(count: number): Bytes {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeUInt32BE(Math.floor(count / 2 ** 32), 0);
  bytes.writeUInt32BE(count >>> 0, 4);
  return bytes;
}

export function decodeCount(bytes: Bytes): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint32(0) * 2 ** 32 + view.getUint32(4);
}

/** A count that a machine keeps in a table of its own: 0 until it is first written. */
export class StoredCount {
  readonly #table: string;
  readonly #key: Bytes;

  constructor(table: string, name: string) {
    this.#table = table;
    this.#key = Buffer.from(name);
  }

  read(tables: Tables): number {
    const bytes = tables.get(this.#table, this.#key);
    return bytes === undefined ? 0 : decodeCount(bytes);
  }

  write(tables: Tables, count: number): void {
    tables.put(this.#table, this.#key, encodeCount(count));
  }
}
