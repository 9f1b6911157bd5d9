import { leavesOf } from './lmdb-branches.ts';
import { byNumber } from './lmdb-key-order.ts';
import { FIRST_PAGE, HEADER_BYTES, LEAF } from './lmdb-layout.ts';
import { expectCount, type Meta, type TreeRecord } from './lmdb-meta.ts';
import { PageBuffer } from './lmdb-page-buffer.ts';
import { damagedPage, type PageFile } from './lmdb-page-file.ts';
import type { PageMap } from './lmdb-page-map.ts';
import { TreePage, type TreeRules, type ValuePlace } from './lmdb-tree-page.ts';
import { expectValue } from './lmdb-value-pages.ts';

const NUMBER_BYTES = 8;

/**
 * The pages that are free: a tree of lists, by the transactions that freed them. LMDB makes one of
 * them all, so they need not be in order, but no page may be there twice.
 * @throws DamageError
 */
export function checkFreeList(file: PageFile, map: PageMap, meta: Meta): void {
  const { pageBytes, transaction, freeTree } = meta;
  const keyBytes = { least: NUMBER_BYTES, most: NUMBER_BYTES };
  const rules = { pageBytes, transaction, keyBytes, order: byNumber };
  new FreeList(file, map, freeTree, rules).read();
}

class FreeList {
  readonly #file: PageFile;
  readonly #map: PageMap;
  readonly #tree: TreeRecord;
  readonly #rules: TreeRules;
  #entries = 0;
  #valuePages = 0;

  constructor(file: PageFile, map: PageMap, tree: TreeRecord, rules: TreeRules) {
    this.#file = file;
    this.#map = map;
    this.#tree = tree;
    this.#rules = rules;
  }

  read(): void {
    const leaves = leavesOf(this.#file, this.#map, this.#tree, this.#rules);
    const leaf = new TreePage(this.#rules);
    const buffer = new PageBuffer(this.#file.pageBytes);
    for (let number = FIRST_PAGE; number < this.#file.pages; number += 1) {
      if (!leaves.has(number)) continue;
      this.#file.read(number, 1, buffer);
      leaf.look(buffer, 0, number, LEAF);
      leaves.expectOwnKeys(leaf);
      for (let i = 0; i < leaf.count; i += 1) this.#entry(leaf, buffer, i);
    }
    expectCount('lists of free pages', this.#tree.entries, this.#entries);
    expectCount('pages of such lists', this.#tree.apartPages, this.#valuePages);
  }

  #entry(leaf: TreePage, buffer: PageBuffer, i: number): void {
    this.#entries += 1;
    const transaction = buffer.wholeAnywhere(leaf.keyBegin(i));
    if (transaction < 1 || transaction > this.#rules.transaction) {
      throw damagedPage(leaf.number, `transaction ${transaction} has freed no pages`);
    }
    const bytes = leaf.valueBytes(i);
    const place = leaf.placeOf(i);
    if (place === undefined) this.#list(leaf.number, buffer, leaf.valueBegin(i), bytes);
    else this.#list(place.first, this.#pagesAt(place), HEADER_BYTES, bytes);
  }

  #pagesAt(place: ValuePlace): PageBuffer {
    this.#map.use(place.first, place.count);
    this.#valuePages += place.count;
    const buffer = new PageBuffer(place.count * this.#file.pageBytes);
    this.#file.read(place.first, place.count, buffer);
    expectValue(place, buffer, 0);
    return buffer;
  }

  /**
   * First how many numbers there are in the list; there may be room for more. Then the numbers: a
   * page, or how many pages there are from the next number on, as a negative one, or nothing.
   */
  #list(page: number, buffer: PageBuffer, begin: number, bytes: number): void {
    const numberAt = (i: number): number => buffer.signedAnywhere(begin + i * NUMBER_BYTES);
    const count = bytes < NUMBER_BYTES ? -1 : numberAt(0);
    if (count < 0 || (count + 1) * NUMBER_BYTES > bytes) {
      throw damagedPage(page, 'its list of free pages is not whole');
    }
    for (let i = 1; i <= count; i += 1) {
      const number = numberAt(i);
      if (number > 0) this.#map.free(number, 1);
      if (number >= 0) continue;
      i += 1;
      if (i > count) throw damagedPage(page, 'its list of free pages is not whole');
      this.#map.free(numberAt(i), -number);
    }
  }
}
