import fs from 'node:fs';
import { DamageError } from './damage.ts';
import { STATE_FILE } from './state-files.ts';

/*
 * LMDB's own pages, as far as they have to be looked at before LMDB does: what it maps into memory
 * and does not understand, or what is not there, ends the process, and again at each start.
 */

const MAGIC = 0xbeefc0de;

/** Where a page has it. Every page begins with a header. */
const PAGE = { flags: 18, keysEnd: 20, body: 24 } as const;
const META = {
  magic: PAGE.body,
  pageBytes: PAGE.body + 24,
  freeRoot: PAGE.body + 64,
  mainRoot: PAGE.body + 112,
  lastPage: PAGE.body + 120,
  transaction: PAGE.body + 128,
  end: PAGE.body + 136,
} as const;
/** Within a node, of which a page has one for each key. */
const NODE = { flags: 4, keyBytes: 6, key: 8 } as const;
/** After a node's key, when its value has pages of its own. */
const APART = { first: 0, count: 16, end: 24 } as const;

const BRANCH = 1;
const LEAF = 2;
const IS_APART = 1;
const NO_ROOT = 0xffff_ffff_ffff_ffffn;

/** A transaction's view of the file. */
interface Meta {
  readonly pageBytes: number;
  /** Of the tree of free pages, and of that of the data. */
  readonly roots: readonly number[];
  readonly lastPage: number;
  readonly transaction: bigint;
}

/**
 * Its cost does not depend on how much there is, but for a file that is shorter than it says.
 * @throws DamageError
 */
export function checkPages(path: string): void {
  if (!fs.existsSync(path)) return;
  const handle = fs.openSync(path, 'r');
  try {
    const { size } = fs.fstatSync(handle);
    if (size === 0) return; // A process ended while it made the file.
    const { pageBytes, lastPage, roots } = newestMeta(handle, size);
    if ((lastPage + 1) * pageBytes <= size) return;
    // The last pages may be missing rightly: those that one transaction both took and freed are
    // never written. So it counts whether a page is used.
    checkTrees(new PageFile(handle, pageBytes, size), roots);
  } finally {
    fs.closeSync(handle);
  }
}

function newestMeta(handle: number, size: number): Meta {
  const first = readMeta(handle, 0);
  if (first === undefined || size < 2 * first.pageBytes) throw noMeta();
  const second = readMeta(handle, first.pageBytes);
  if (second === undefined) throw noMeta();
  return first.transaction >= second.transaction ? first : second;
}

function noMeta(): DamageError {
  return new DamageError(STATE_FILE, 'its meta pages', 'they are no pages of LMDB');
}

function readMeta(handle: number, at: number): Meta | undefined {
  const page = Buffer.alloc(META.end);
  const read = fs.readSync(handle, page, 0, page.length, at);
  if (read < page.length || page.readUInt32LE(META.magic) !== MAGIC) return undefined;
  const roots = [META.freeRoot, META.mainRoot].map((root) => page.readBigUInt64LE(root));
  return {
    pageBytes: page.readUInt32LE(META.pageBytes),
    roots: roots.filter((root) => root !== NO_ROOT).map(Number),
    lastPage: Number(page.readBigUInt64LE(META.lastPage)),
    transaction: page.readBigUInt64LE(META.transaction),
  };
}

function checkTrees(file: PageFile, roots: readonly number[]): void {
  const due = [...roots];
  let seen = 0;
  for (let page = due.pop(); page !== undefined; page = due.pop()) {
    // A tree has no page twice: this one would never end.
    if ((seen += 1) > file.pages) throw damaged(page, 'it is in its tree more than once');
    due.push(...childrenOf(file, page));
  }
}

/** @returns the pages right below it, once those of its values are known to be there */
function childrenOf(file: PageFile, number: number): number[] {
  const page = file.read(number);
  const flags = page.readUInt16LE(PAGE.flags);
  if ((flags & (BRANCH | LEAF)) === 0) throw damaged(number, 'it is in no tree');
  const children: number[] = [];
  for (const node of nodesOf(page, number)) {
    if ((flags & BRANCH) !== 0) {
      children.push(node.readUIntLE(0, NODE.flags + 2));
    } else if ((node.readUInt16LE(NODE.flags) & IS_APART) !== 0) {
      const value = node.subarray(NODE.key + node.readUInt16LE(NODE.keyBytes));
      if (value.length < APART.end) throw damaged(number, 'it has no whole node');
      const first = Number(value.readBigUInt64LE(APART.first));
      file.expect(first + Number(value.readBigUInt64LE(APART.count)) - 1);
    }
  }
  return children;
}

/** Each reaches from its begin to the end of the page. */
function* nodesOf(page: Buffer, number: number): Generator<Buffer> {
  const end = PAGE.body + page.readUInt16LE(PAGE.keysEnd);
  if (end > page.length) throw damaged(number, 'its keys do not fit');
  for (let at = PAGE.body; at < end; at += 2) {
    const node = page.subarray(PAGE.body + page.readUInt16LE(at));
    if (node.length < NODE.key) throw damaged(number, 'it has no whole node');
    yield node;
  }
}

function damaged(page: number, reason: string): DamageError {
  return new DamageError(STATE_FILE, `page ${page}`, reason);
}

class PageFile {
  /** Whole ones. */
  readonly pages: number;
  readonly #handle: number;
  readonly #pageBytes: number;

  constructor(handle: number, pageBytes: number, size: number) {
    this.#handle = handle;
    this.#pageBytes = pageBytes;
    this.pages = Math.floor(size / pageBytes);
  }

  /** @throws DamageError when it is not in the file */
  expect(page: number): void {
    if (page >= this.pages) throw damaged(page, `the file ends after ${this.pages} pages`);
  }

  read(page: number): Buffer {
    this.expect(page);
    const bytes = Buffer.alloc(this.#pageBytes);
    fs.readSync(this.#handle, bytes, 0, bytes.length, page * this.#pageBytes);
    return bytes;
  }
}
