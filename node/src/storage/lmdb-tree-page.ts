import type { DamageError } from './damage.ts';
import type { KeyOrder } from './lmdb-key-order.ts';
import {
  CHILD_HIGH,
  HEADER_BYTES,
  IS_APART,
  LEAF,
  mostNodeBytes,
  NODE,
  PAGE,
  pagesOf,
  PLACE,
  type TreePageKind,
} from './lmdb-layout.ts';
import { PageBuffer } from './lmdb-page-buffer.ts';
import { damagedPage } from './lmdb-page-file.ts';

/** What is so of every page of a tree. */
export interface TreeRules {
  readonly pageBytes: number;
  /** The newest one. */
  readonly transaction: number;
  readonly keyBytes: { readonly least: number; readonly most: number };
  readonly order: KeyOrder;
}

/** Where the pages of a value are that has some of its own. */
export interface ValuePlace {
  readonly first: number;
  readonly count: number;
  readonly transaction: number;
}

/**
 * A page of a tree, within a buffer. It looks at one page after the other: there are many, and
 * there is nothing to be made for each.
 */
export class TreePage {
  readonly #rules: TreeRules;
  readonly #bodyBytes: number;
  readonly #mostNodeBytes: number;
  /** Of each node, by where it begins; zero between two looks. */
  readonly #nodeBytes: Uint16Array;
  #buffer = new PageBuffer(0);
  /** Where the page's body begins in the buffer. */
  #body = 0;
  #number = 0;
  #kind: TreePageKind = LEAF;
  #count = 0;
  #apart = 0;

  constructor(rules: TreeRules) {
    this.#rules = rules;
    this.#bodyBytes = rules.pageBytes - HEADER_BYTES;
    this.#mostNodeBytes = mostNodeBytes(rules.pageBytes);
    this.#nodeBytes = new Uint16Array(this.#bodyBytes >> 1);
  }

  get number(): number {
    return this.#number;
  }

  /** Of nodes. */
  get count(): number {
    return this.#count;
  }

  /** Of values that have pages of their own. */
  get apart(): number {
    return this.#apart;
  }

  get bytes(): Buffer {
    return this.#buffer.bytes;
  }

  /**
   * @param at where the page begins in the buffer
   * @throws DamageError when it is not that page, or anything of it is where it cannot be
   */
  look(buffer: PageBuffer, at: number, number: number, kind: TreePageKind): void {
    this.#buffer = buffer;
    this.#body = at + HEADER_BYTES;
    this.#number = number;
    this.#kind = kind;
    this.#checkHeader(at);
    this.#apart = 0;
    const nodesBegin = buffer.half(at + PAGE.nodesBegin);
    this.#checkNodes(nodesBegin);
    this.#checkGaps(nodesBegin);
  }

  #checkHeader(at: number): void {
    const buffer = this.#buffer;
    if (buffer.whole(at + PAGE.number) !== this.#number) throw this.#damaged('it is another page');
    // LMDB takes what is newer for a page of its own, in memory, and writes there.
    if (buffer.whole(at + PAGE.transaction) > this.#rules.transaction) {
      throw this.#damaged('it is newer than the last transaction');
    }
    if (buffer.half(at + PAGE.flags) !== this.#kind) {
      throw this.#damaged(`it is no ${this.#kind === LEAF ? 'leaf' : 'branch'}`);
    }
    const pointersEnd = buffer.half(at + PAGE.pointersEnd);
    const nodesBegin = buffer.half(at + PAGE.nodesBegin);
    this.#count = pointersEnd >> 1;
    const least = this.#kind === LEAF ? 1 : 2;
    const fits = pointersEnd <= nodesBegin && nodesBegin <= this.#bodyBytes;
    if (this.#count < least || !fits || (pointersEnd & 1) !== 0) {
      throw this.#damaged('its keys do not fit');
    }
  }

  /** Each is whole, and has a key after that of the one before. */
  #checkNodes(nodesBegin: number): void {
    const { halves, bytes } = this.#buffer;
    const {
      keyBytes: { least, most },
      order,
    } = this.#rules;
    // The first key of a branch stands for all that are less than the second one: it is empty.
    const firstKey = this.#kind === LEAF ? 0 : 1;
    let key = 0;
    let length = 0;
    for (let i = 0; i < this.#count; i += 1) {
      const begin = halves[(this.#body >> 1) + i] ?? 0;
      if (begin < nodesBegin || (begin & 1) !== 0 || begin + NODE.key > this.#bodyBytes) {
        throw this.#damaged('it has no whole node');
      }
      const node = this.#body + begin;
      const size = this.#sizeOf(node);
      if (begin + size > this.#bodyBytes) throw this.#damaged('it has no whole node');
      this.#nodeBytes[begin >> 1] = size;
      const before = key;
      const beforeLength = length;
      key = node + NODE.key;
      length = halves[(node + NODE.keyBytes) >> 1] ?? 0;
      const isSize = i < firstKey ? length === 0 : length >= least && length <= most;
      if (!isSize) throw this.#damaged(`it has a key of ${length} bytes`);
      if (i > firstKey && order(bytes, before, beforeLength, bytes, key, length) >= 0) {
        throw this.#damaged('its keys are not in order');
      }
    }
  }

  /** The next one begins where each ends: LMDB moves them together. */
  #checkGaps(nodesBegin: number): void {
    let count = 0;
    for (let begin = nodesBegin; begin < this.#bodyBytes; count += 1) {
      const bytes = this.#nodeBytes[begin >> 1] ?? 0;
      if (bytes === 0) throw this.#damaged('its nodes are not one after the other');
      this.#nodeBytes[begin >> 1] = 0;
      begin += bytes;
    }
    if (count !== this.#count) throw this.#damaged('its nodes are not one after the other');
  }

  /** In bytes, of a node; an even number. */
  #sizeOf(node: number): number {
    const { halves } = this.#buffer;
    const at = node >> 1;
    let bytes = NODE.key + (halves[at + 3] ?? 0);
    if (this.#kind === LEAF) {
      const flags = halves[at + 2] ?? 0;
      if (flags > IS_APART) throw this.#damaged('it has a value of an unknown kind');
      this.#apart += flags;
      bytes += flags === IS_APART ? PLACE.end : (halves[at] ?? 0) + (halves[at + 1] ?? 0) * 2 ** 16;
    }
    if (bytes > this.#mostNodeBytes) throw this.#damaged('it has a node that is too large');
    return bytes + (bytes & 1);
  }

  /** In the buffer. */
  keyBegin(i: number): number {
    return this.#node(i) + NODE.key;
  }

  keyBytes(i: number): number {
    return this.#buffer.half(this.#node(i) + NODE.keyBytes);
  }

  /** In the buffer. Of one that is apart its place stands there. */
  valueBegin(i: number): number {
    return this.keyBegin(i) + this.keyBytes(i);
  }

  valueBytes(i: number): number {
    return this.#low(this.#node(i));
  }

  /** A value's pages, if it has some of its own. @throws DamageError when it does not fit there */
  placeOf(i: number): ValuePlace | undefined {
    const buffer = this.#buffer;
    if (buffer.half(this.#node(i) + NODE.flags) !== IS_APART) return undefined;
    const at = this.valueBegin(i);
    const place = {
      first: buffer.wholeAnywhere(at + PLACE.first),
      transaction: buffer.wholeAnywhere(at + PLACE.transaction),
      count: buffer.wholeAnywhere(at + PLACE.count),
    };
    // It may have more: LMDB leaves it so when a transaction writes a value again, and smaller.
    if (pagesOf(this.valueBytes(i), this.#rules.pageBytes) > place.count) {
      throw this.#damaged('it has a value that is larger than its pages');
    }
    if (place.transaction > this.#rules.transaction) {
      throw this.#damaged('it has a value that is newer than the last transaction');
    }
    return place;
  }

  /** Of a branch: a page. */
  child(i: number): number {
    const node = this.#node(i);
    return this.#low(node) + this.#buffer.half(node + CHILD_HIGH) * 2 ** 32;
  }

  #node(i: number): number {
    return this.#body + this.#buffer.half(this.#body + 2 * i);
  }

  /** The four bytes a node begins with. */
  #low(node: number): number {
    return this.#buffer.half(node) + this.#buffer.half(node + 2) * 2 ** 16;
  }

  #damaged(reason: string): DamageError {
    return damagedPage(this.#number, reason);
  }
}
