export type Bytes = Uint8Array;

export interface Range {
  /** Inclusive; without it from the first key. */
  readonly from?: Bytes;
  /** Exclusive; without it to the last key. */
  readonly to?: Bytes;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/**
 * Ordered tables of byte keys (compared bytewise) and byte values. A machine keeps all of its state
 * in them. The caller must not change a key or value after it was put, or one that was read.
 */
export interface Tables {
  get(table: string, key: Bytes): Bytes | undefined;
  put(table: string, key: Bytes, value: Bytes): void;
  delete(table: string, key: Bytes): void;
  range(table: string, range?: Range): Iterable<readonly [key: Bytes, value: Bytes]>;
}
