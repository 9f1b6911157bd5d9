/*
 * Which pages of a healthy file of LMDB are what. It checks nothing, and shares nothing with what
 * does.
 */

export const PAGE_BYTES = 4096;
const HEADER_BYTES = 24;
const NO_ROOT = 0xffff_ffff_ffff_ffffn;

/** Where a meta page has it. */
export const META = {
  freeRoot: 88,
  dataRoot: 136,
  lastPage: 144,
  transaction: 152,
  end: 168,
} as const;

/** A page that is in use; of a value only the first one, which has a header. */
export interface UsedPage {
  readonly number: number;
  readonly kind: 'meta' | `${'' | 'free '}${'branch' | 'leaf' | 'value'}`;
  /** Of a tree: where its nodes begin in the file. */
  readonly nodes: readonly number[];
  /** Where in the file are numbers of LMDB's own: all but keys, values and gaps. */
  readonly structure: readonly number[];
}

/** Where in the file the newer meta page begins. */
export function newerMeta(file: Buffer): number {
  return wholeAt(file, META.transaction) > wholeAt(file, PAGE_BYTES + META.transaction)
    ? 0
    : PAGE_BYTES;
}

export function usedPages(file: Buffer): UsedPage[] {
  const meta = newerMeta(file);
  return [
    ...[0, 1].map((number) => pageOf('meta', number, META.end)),
    ...pagesBelow(file, file.readBigUInt64LE(meta + META.freeRoot), 'free '),
    ...pagesBelow(file, file.readBigUInt64LE(meta + META.dataRoot), ''),
  ];
}

function pageOf(kind: UsedPage['kind'], number: number, bytes: number): UsedPage {
  const begin = number * PAGE_BYTES;
  return { number, kind, nodes: [], structure: range(begin, begin + bytes) };
}

function* pagesBelow(file: Buffer, root: bigint, prefix: '' | 'free '): Iterable<UsedPage> {
  if (root === NO_ROOT) return;
  const number = Number(root);
  const begin = number * PAGE_BYTES;
  const isLeaf = file.readUInt16LE(begin + 18) === 2;
  const body = begin + HEADER_BYTES;
  const pointers = range(0, file.readUInt16LE(begin + 20) / 2).map((i) => body + 2 * i);
  const nodes = pointers.map((pointer) => body + file.readUInt16LE(pointer));
  const structure = [
    ...range(begin, body + 2 * nodes.length),
    ...nodes.flatMap((node) => range(node, node + 8)),
  ];
  yield { number, kind: `${prefix}${isLeaf ? 'leaf' : 'branch'}`, nodes, structure };
  for (const node of nodes) {
    if (!isLeaf) yield* pagesBelow(file, BigInt(file.readUIntLE(node, 6)), prefix);
    else if (isApart(file, node)) {
      yield pageOf(`${prefix}value`, wholeAt(file, placeOf(file, node)), HEADER_BYTES);
    }
  }
}

/** Whether the value of a leaf's node has pages of its own. */
export function isApart(file: Buffer, node: number): boolean {
  return file.readUInt16LE(node + 4) === 1;
}

/** Where a leaf's node has its value, or says where that is. */
export function placeOf(file: Buffer, node: number): number {
  return node + 8 + file.readUInt16LE(node + 6);
}

function range(begin: number, end: number): number[] {
  return Array.from({ length: end - begin }, (_, i) => begin + i);
}

function wholeAt(file: Buffer, at: number): number {
  return Number(file.readBigUInt64LE(at));
}
