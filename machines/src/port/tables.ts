export type Bytes = Uint8Array;

/**
 * A key: bytes as a string of one character (U+0000 to U+00FF) each. So keys compare like their
 * bytes, and a map can hold them.
 */
export type Key = string;

export interface Range {
  /** Inclusive; without it from the first key. */
  readonly from?: Key;
  /** Exclusive; without it to the last key. */
  readonly to?: Key;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/**
 * Ordered tables of byte keys and byte values. A machine keeps all of its state in them. A key and
 * the name of its table have at most `MAX_KEY_BYTES` bytes together
 * (contract/src/snapshot-file.ts): a machine with longer keys keeps them by their hash. A range
 * costs what is taken of it. The caller must not change a value after it was put, or one that was
 * read.
 */
export interface Tables {
  get(table: string, key: Key): Bytes | undefined;
  put(table: string, key: Key, value: Bytes): void;
  delete(table: string, key: Key): void;
  range(table: string, range?: Range): Iterable<readonly [key: Key, value: Bytes]>;
}

/** The bytes as a key. */
export function keyOf(bytes: Bytes): Key {
  const buffer =
    bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString('latin1');
}

/** The key as bytes. */
export function bytesOf(key: Key): Buffer {
  return Buffer.from(key, 'latin1');
}
