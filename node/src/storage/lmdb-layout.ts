/*
 * How LMDB lays out its file: data version 2 on 64 bits, as lmdb-js 3.5 has it. Places are in
 * bytes; numbers of eight bytes are whole ones, and of two bytes where nothing else is said.
 */

/** Every page begins with a header. What points into a page counts from the header's end. */
export const HEADER_BYTES = 24;
export const PAGE = {
  number: 0,
  /** Of the transaction that has written it. */
  transaction: 8,
  flags: 18,
  /** In a page of a tree: where the pointers to its nodes end, and where the nodes begin. */
  pointersEnd: 20,
  nodesBegin: 22,
  /** In the first page of a value that has pages of its own: how many. Four bytes. */
  count: 20,
} as const;

/** What a page is. A value's pages after its first one have no header. */
export const BRANCH = 1;
export const LEAF = 2;
export const VALUE = 4;
export const META = 8;
export type TreePageKind = typeof BRANCH | typeof LEAF;

/** The pages before it have the meta records. */
export const FIRST_PAGE = 2;

/** A node of a leaf begins with the value's size, in four bytes; the value is after the key. */
export const NODE = { flags: 4, keyBytes: 6, key: 8 } as const;
/** A node's flag: the value has pages of its own, and its place stands there instead. */
export const IS_APART = 1;
export const PLACE = { first: 0, transaction: 8, count: 16, end: 24 } as const;
/** A node of a branch has no value. It begins with a page, in six bytes. */
export const CHILD_HIGH = 4;

/** lmdb-js writes no longer ones. */
export const MOST_KEY_BYTES = 1978;

/** Two nodes fit on a page, with their pointers; the value of one that is larger is apart. */
export function mostNodeBytes(pageBytes: number): number {
  return (((pageBytes - HEADER_BYTES) >> 1) & ~1) - 2;
}

/** How many pages of its own a value needs. */
export function pagesOf(valueBytes: number, pageBytes: number): number {
  return Math.ceil((HEADER_BYTES + valueBytes) / pageBytes);
}
