/** A key of a table, as one character a byte: `table NUL key`. Compares like its bytes. */
export type TableKey = string;

/** One write: without a value it deletes. */
export type Entry = readonly [key: TableKey, value: Uint8Array | undefined];
