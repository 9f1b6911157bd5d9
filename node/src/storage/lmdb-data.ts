import type { Digest } from './digest.ts';
import { HashSum } from './hash-sum.ts';
import { leavesOf } from './lmdb-branches.ts';
import { byBytes } from './lmdb-key-order.ts';
import { FIRST_PAGE, LEAF, MOST_KEY_BYTES } from './lmdb-layout.ts';
import type { Leaves } from './lmdb-leaves.ts';
import { expectCount, type Meta } from './lmdb-meta.ts';
import { PageBuffer } from './lmdb-page-buffer.ts';
import type { PageFile } from './lmdb-page-file.ts';
import type { PageMap } from './lmdb-page-map.ts';
import { TreePage } from './lmdb-tree-page.ts';
import { ValuePages } from './lmdb-value-pages.ts';
import { HASH_BYTES } from './stored-entry.ts';

/** So much is read at once: it stays in a processor's cache until it has been looked at. */
const STRETCH_BYTES = 128 * 1024;

/**
 * The tree of the data. Its branches are read first, and then all of the file from begin to end.
 * @returns what the entries of tables come to, by their hashes
 * @throws DamageError
 */
export function checkData(file: PageFile, map: PageMap, meta: Meta): Digest {
  const { pageBytes, transaction, dataTree } = meta;
  const keyBytes = { least: 1, most: MOST_KEY_BYTES };
  const rules = { pageBytes, transaction, keyBytes, order: byBytes };
  const data = new Data(file, map, leavesOf(file, map, dataTree, rules), new TreePage(rules));
  data.read(Math.min(file.pages, meta.lastPage + 1));
  expectCount('entries', dataTree.entries, data.entries);
  expectCount('pages of values', dataTree.apartPages, data.valuePages);
  return data.found;
}

class Data {
  entries = 0;
  valuePages = 0;
  readonly #file: PageFile;
  readonly #map: PageMap;
  readonly #leaves: Leaves;
  readonly #leaf: TreePage;
  readonly #values: ValuePages;
  readonly #sum = new HashSum();

  constructor(file: PageFile, map: PageMap, leaves: Leaves, leaf: TreePage) {
    this.#file = file;
    this.#map = map;
    this.#leaves = leaves;
    this.#leaf = leaf;
    this.#values = new ValuePages(file.pages);
  }

  read(end: number): void {
    const { pageBytes } = this.#file;
    const most = STRETCH_BYTES / pageBytes;
    const buffer = new PageBuffer(STRETCH_BYTES);
    for (let first = FIRST_PAGE; first < end; first += most) {
      const count = Math.min(most, end - first);
      this.#file.read(first, count, buffer);
      for (let i = 0; i < count; i += 1) this.#page(first + i, buffer, i * pageBytes);
    }
  }

  #page(number: number, buffer: PageBuffer, at: number): void {
    if (!this.#leaves.has(number)) {
      this.#values.read(number, buffer, at);
      return;
    }
    const leaf = this.#leaf;
    leaf.look(buffer, at, number, LEAF);
    this.#leaves.expectOwnKeys(leaf);
    this.entries += leaf.count;
    for (let i = 0; i < leaf.count; i += 1) {
      const isOfTable = leaf.bytes[leaf.keyBegin(i)] !== 0;
      const place = leaf.apart > 0 ? leaf.placeOf(i) : undefined;
      if (place !== undefined) {
        this.#map.use(place.first, place.count);
        this.#values.name(place, isOfTable);
        this.valuePages += place.count;
      } else if (isOfTable) this.#add(leaf, i);
    }
  }

  /** An entry begins with its hash: see stored-entry.ts. */
  #add(leaf: TreePage, i: number): void {
    const at = leaf.valueBegin(i);
    if (leaf.valueBytes(i) < HASH_BYTES) this.#sum.add(0, 0);
    else this.#sum.add(leaf.bytes.readUInt32LE(at), leaf.bytes.readUInt32LE(at + 4));
  }

  get found(): Digest {
    this.#values.addTo(this.#sum);
    return this.#sum.digest;
  }
}
