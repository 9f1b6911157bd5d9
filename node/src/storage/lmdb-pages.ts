import fs from 'node:fs';
import { DamageError } from './damage.ts';
import type { Digest } from './digest.ts';
import { DiskError } from './disk-error.ts';
import { checkData } from './lmdb-data.ts';
import { checkFreeList } from './lmdb-free-list.ts';
import { PAGE } from './lmdb-layout.ts';
import { newestMeta, type Meta } from './lmdb-meta.ts';
import { PageBuffer } from './lmdb-page-buffer.ts';
import { damagedPage, PageFile } from './lmdb-page-file.ts';
import { PageMap } from './lmdb-page-map.ts';
import { isTaken, openRegular } from './regular-file.ts';

/**
 * Reads all of LMDB's pages before LMDB does. It maps them into memory and trusts them: what it
 * finds there, or does not, ends the process, and again at each start; or it writes new pages over
 * used ones. What passes here is what LMDB can have written, but for keys and values; and of those
 * it says what they come to, which their owner knows.
 *
 * In free pages and behind the last one there may be anything: what a transaction has written that
 * was not committed, say.
 * @returns what the entries of tables come to; `undefined` when there is no file yet
 * @throws DamageError, DiskError
 */
export function checkPages(path: string): Digest | undefined {
  try {
    if (!isTaken(path)) return undefined;
    const handle = openRegular(path, fs.constants.O_RDONLY);
    try {
      const { size } = fs.fstatSync(handle);
      if (size === 0) return undefined; // A process ended while it made the file.
      return checkFile(handle, size);
    } finally {
      fs.closeSync(handle);
    }
  } catch (error) {
    if (error instanceof DamageError || error instanceof DiskError) throw error;
    throw new DiskError(path, 'read', error);
  }
}

function checkFile(handle: number, size: number): Digest {
  const meta = newestMeta(handle, size);
  const file = new PageFile(handle, meta.pageBytes);
  const map = new PageMap(meta.lastPage + 1, file.pages);
  checkFreeList(file, map, meta);
  map.expectMissingFree();
  const found = checkData(file, map, meta);
  expectOwnRoot(file, meta);
  return found;
}

/**
 * Whatever a transaction writes, the root of the data is written anew, or there is none: if it is
 * older than the meta page says, the older one of the two has become the newer.
 */
function expectOwnRoot(file: PageFile, { pageBytes, transaction, dataTree, freeTree }: Meta): void {
  const root = dataTree.root ?? freeTree.root;
  if (root === undefined) return;
  const page = new PageBuffer(pageBytes);
  file.read(root, 1, page);
  if (page.whole(PAGE.transaction) !== transaction) {
    throw damagedPage(root, `it is not of transaction ${transaction}, whose root it is`);
  }
}
