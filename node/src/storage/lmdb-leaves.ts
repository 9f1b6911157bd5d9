import type { KeyOrder } from './lmdb-key-order.ts';
import { damagedPage } from './lmdb-page-file.ts';
import type { TreePage } from './lmdb-tree-page.ts';

/**
 * The leaves of a tree, and what its branches say of them: which keys each may have. So leaves can
 * be read in any order, and that of the file is by far the fastest.
 */
export class Leaves {
  readonly #order: KeyOrder;
  /** Of a page, how many leaves there are up to it, in the order of the keys; zero for no leaf. */
  readonly #ordinals: Uint32Array;
  /** The least keys that leaves may have, one after the other, and where each ends. */
  readonly #leastKeys: Buffer;
  readonly #ends: Float64Array;
  #count = 0;

  /**
   * @param pages of the file
   * @param most how many leaves there may be
   * @param keyBytes how long their least keys may be, together
   */
  constructor(pages: number, most: number, keyBytes: number, order: KeyOrder) {
    this.#order = order;
    this.#ordinals = new Uint32Array(pages);
    this.#leastKeys = Buffer.allocUnsafe(keyBytes);
    this.#ends = new Float64Array(most + 1);
  }

  get count(): number {
    return this.#count;
  }

  has(page: number): boolean {
    return this.#ordinals[page] !== 0;
  }

  /**
   * The next one in the order of the keys. Its least key is a part of `bytes`; an empty one is less
   * than every key.
   * @throws DamageError
   */
  add(page: number, bytes: Uint8Array, keyBegin: number, keyBytes: number): void {
    const before = this.#beginOf(this.#count);
    const begin = this.#endOf(this.#count);
    const isAfter =
      this.#count === 0 ||
      this.#order(this.#leastKeys, before, begin - before, bytes, keyBegin, keyBytes) < 0;
    if (!isAfter) throw damagedPage(page, 'its branches are not in order');
    this.#count += 1;
    if (this.#count >= this.#ends.length) throw damagedPage(page, 'it is a leaf too many');
    for (let i = 0; i < keyBytes; i += 1) this.#leastKeys[begin + i] = bytes[keyBegin + i] ?? 0;
    this.#ends[this.#count] = begin + keyBytes;
    this.#ordinals[page] = this.#count;
  }

  /** @throws DamageError when it has keys that are looked for in other leaves */
  expectOwnKeys(page: TreePage): void {
    const ordinal = this.#ordinals[page.number] ?? 0;
    const last = page.count - 1;
    const isBefore = this.#compare(page, 0, ordinal) < 0;
    const isBehind = ordinal < this.#count && this.#compare(page, last, ordinal + 1) >= 0;
    if (isBefore || isBehind) throw damagedPage(page.number, 'it has keys of another page');
  }

  /** A key of a page with the least one of a leaf. */
  #compare(page: TreePage, i: number, ordinal: number): number {
    const begin = this.#beginOf(ordinal);
    const bytes = this.#endOf(ordinal) - begin;
    const keyBegin = page.keyBegin(i);
    return this.#order(page.bytes, keyBegin, page.keyBytes(i), this.#leastKeys, begin, bytes);
  }

  #beginOf(ordinal: number): number {
    return this.#endOf(ordinal - 1);
  }

  #endOf(ordinal: number): number {
    return this.#ends[ordinal] ?? 0;
  }
}
