import { BRANCH } from './lmdb-layout.ts';
import { Leaves } from './lmdb-leaves.ts';
import { expectCount, type TreeRecord } from './lmdb-meta.ts';
import { PageBuffer } from './lmdb-page-buffer.ts';
import { damagedPage, type PageFile } from './lmdb-page-file.ts';
import type { PageMap } from './lmdb-page-map.ts';
import { TreePage, type TreeRules } from './lmdb-tree-page.ts';

/**
 * Reads the branches of a tree, from the root down.
 * @returns the leaves, which are yet to be read
 * @throws DamageError
 */
export function leavesOf(file: PageFile, map: PageMap, tree: TreeRecord, rules: TreeRules): Leaves {
  const branches = new Branches(file, map, tree, rules);
  if (tree.root !== undefined) branches.descend(tree.root, 1, new Uint8Array(), 0, 0);
  expectCount('branches', tree.branchPages, branches.count);
  expectCount('leaves', tree.leafPages, branches.leaves.count);
  return branches.leaves;
}

class Branches {
  readonly leaves: Leaves;
  count = 0;
  readonly #file: PageFile;
  readonly #map: PageMap;
  readonly #tree: TreeRecord;
  readonly #rules: TreeRules;
  /** On the way down, from the root. */
  readonly #path: { readonly page: TreePage; readonly buffer: PageBuffer }[] = [];

  constructor(file: PageFile, map: PageMap, tree: TreeRecord, rules: TreeRules) {
    this.#file = file;
    this.#map = map;
    this.#tree = tree;
    this.#rules = rules;
    const { leafPages, branchPages } = tree;
    // The keys that separate leaves are in the branches.
    const keyBytes = branchPages * file.pageBytes;
    this.leaves = new Leaves(file.pages, leafPages, keyBytes, rules.order);
  }

  /** @param level from 1; the least key below the page is a part of `bytes` */
  descend(number: number, level: number, bytes: Uint8Array, begin: number, length: number): void {
    this.#map.use(number, 1);
    if (level === this.#tree.depth) {
      this.leaves.add(number, bytes, begin, length);
      return;
    }
    const page = this.#read(number, level);
    this.descend(page.child(0), level + 1, bytes, begin, length);
    for (let i = 1; i < page.count; i += 1) {
      this.descend(page.child(i), level + 1, page.bytes, page.keyBegin(i), page.keyBytes(i));
    }
  }

  #read(number: number, level: number): TreePage {
    this.count += 1;
    if (this.count > this.#tree.branchPages) throw damagedPage(number, 'it is a branch too many');
    const { pageBytes } = this.#rules;
    const { page, buffer } = (this.#path[level] ??= {
      page: new TreePage(this.#rules),
      buffer: new PageBuffer(pageBytes),
    });
    this.#file.read(number, 1, buffer);
    page.look(buffer, 0, number, BRANCH);
    return page;
  }
}
