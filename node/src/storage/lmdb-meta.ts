import fs from 'node:fs';
import { DamageError } from './damage.ts';
import { HEADER_BYTES, META, PAGE } from './lmdb-layout.ts';
import { PageBuffer } from './lmdb-page-buffer.ts';
import { STATE_FILE } from './state-files.ts';

/** Where a meta page has it. */
const RECORD = {
  magic: HEADER_BYTES,
  version: HEADER_BYTES + 4,
  mapBytes: HEADER_BYTES + 16,
  freeTree: HEADER_BYTES + 24,
  dataTree: HEADER_BYTES + 72,
  lastPage: HEADER_BYTES + 120,
  transaction: HEADER_BYTES + 128,
  end: HEADER_BYTES + 144,
} as const;
/** Where the record of a tree has it. The extra one is the size of a page, or zero. */
const TREE = {
  extra: 0,
  flags: 4,
  depth: 6,
  branchPages: 8,
  leafPages: 16,
  apartPages: 24,
  entries: 32,
  root: 40,
} as const;

const MAGIC = 0xbeefc0de;
const VERSION = 2;
/** The file is in no folder of its own; the keys of the free list are whole numbers. */
const FREE_FLAGS = 0x4008;
const DATA_FLAGS = 0;
const NO_ROOT = 0xffff_ffff_ffff_ffffn;
const PAGE_BYTES = { least: 4096, most: 65536 } as const;
/** LMDB has room for so many pages on its way down a tree. */
const MOST_DEPTH = 32;
/** A transaction frees fewer pages before it has written them: it has not so many in memory. */
const MOST_MISSING_PAGES = 2 ** 20;

/** What LMDB has counted of one of its trees. */
export interface TreeRecord {
  /** `undefined` when the tree is empty. */
  readonly root: number | undefined;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  /** Of values that have pages of their own. */
  readonly apartPages: number;
  readonly entries: number;
}

/** A transaction's view of the file. */
export interface Meta {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: number;
  readonly freeTree: TreeRecord;
  readonly dataTree: TreeRecord;
}

/**
 * The newer one of the two. Transaction n writes page n % 2, when all its other pages are on disk,
 * and in one write within one sector: a crash leaves that write out, or has it whole. So both pages
 * are always well, and their transactions follow one another. If they do not, LMDB might take the
 * older one without a word. What the older one says of its trees counts for nothing, and is not
 * its own after a write that failed.
 * @throws DamageError
 */
export function newestMeta(handle: number, size: number): Meta {
  const first = metaPage(handle, 0, 0);
  const second = metaPage(handle, 1, pageBytesOf(first));
  if (pageBytesOf(first) !== pageBytesOf(second)) throw damaged('their pages differ in size');
  const even = first.whole(RECORD.transaction);
  const odd = second.whole(RECORD.transaction);
  const areInTurn = even % 2 === 0 && odd % 2 === 1 && Math.abs(even - odd) === 1;
  if (!areInTurn && (even !== 0 || odd !== 0)) {
    throw damaged('their transactions do not follow one another');
  }
  return metaOf(odd > even ? second : first, size);
}

/** With all that is the same in each transaction. */
function metaPage(handle: number, number: number, from: number): PageBuffer {
  const page = new PageBuffer(RECORD.end);
  const read = fs.readSync(handle, page.bytes, 0, RECORD.end, from);
  const isOfLmdb =
    read === RECORD.end &&
    page.whole(PAGE.number) === number &&
    page.half(PAGE.flags) === META &&
    page.word(RECORD.magic) === MAGIC &&
    page.word(RECORD.version) === VERSION;
  if (!isOfLmdb) throw damaged('they are no pages of LMDB');
  const size = pageBytesOf(page);
  const isPower = (size & (size - 1)) === 0;
  if (!isPower || size < PAGE_BYTES.least || size > PAGE_BYTES.most) {
    throw damaged(`no page has ${size} bytes`);
  }
  const isAsOpened =
    page.half(RECORD.freeTree + TREE.flags) === FREE_FLAGS &&
    page.half(RECORD.dataTree + TREE.flags) === DATA_FLAGS &&
    page.word(RECORD.dataTree + TREE.extra) === 0;
  if (!isAsOpened) throw damaged('they have flags that are never set');
  return page;
}

function pageBytesOf(page: PageBuffer): number {
  return page.word(RECORD.freeTree + TREE.extra);
}

function metaOf(page: PageBuffer, size: number): Meta {
  const pageBytes = pageBytesOf(page);
  const lastPage = page.whole(RECORD.lastPage);
  const mapBytes = page.whole(RECORD.mapBytes);
  if (mapBytes % pageBytes !== 0 || mapBytes < (lastPage + 1) * pageBytes) {
    throw damaged(`${mapBytes} bytes are no map of ${lastPage + 1} pages`);
  }
  const filePages = Math.floor(size / pageBytes);
  if (lastPage > filePages + MOST_MISSING_PAGES) {
    throw damaged(`the file has ${filePages} of ${lastPage + 1} pages`);
  }
  const transaction = page.whole(RECORD.transaction);
  const freeTree = treeRecord(page, RECORD.freeTree, filePages);
  const dataTree = treeRecord(page, RECORD.dataTree, filePages);
  const isEmpty = freeTree.root === undefined && dataTree.root === undefined;
  if (isEmpty !== (transaction === 0)) {
    throw damaged(`transaction ${transaction} has ${isEmpty ? 'no tree' : 'a tree'}`);
  }
  return { pageBytes, lastPage, transaction, freeTree, dataTree };
}

function treeRecord(page: PageBuffer, at: number, filePages: number): TreeRecord {
  const root = page.bytes.readBigUInt64LE(at + TREE.root);
  const tree = {
    root: root === NO_ROOT ? undefined : Number(root),
    depth: page.half(at + TREE.depth),
    branchPages: page.whole(at + TREE.branchPages),
    leafPages: page.whole(at + TREE.leafPages),
    apartPages: page.whole(at + TREE.apartPages),
    entries: page.whole(at + TREE.entries),
  };
  const pages = tree.branchPages + tree.leafPages + tree.apartPages;
  const isPlausible =
    tree.root === undefined
      ? tree.depth + pages + tree.entries === 0
      : tree.depth > 0 && tree.depth <= MOST_DEPTH && pages < filePages;
  if (!isPlausible) throw damaged('they have a tree that cannot be');
  return tree;
}

/** @throws DamageError unless LMDB has counted as many */
export function expectCount(what: string, counted: number, found: number): void {
  if (counted !== found) throw damaged(`they count ${counted} ${what}, there are ${found}`);
}

function damaged(reason: string): DamageError {
  return new DamageError(STATE_FILE, 'its meta pages', reason);
}
