import type { HashSum } from './hash-sum.ts';
import { HEADER_BYTES, PAGE, VALUE } from './lmdb-layout.ts';
import type { PageBuffer } from './lmdb-page-buffer.ts';
import { damagedPage } from './lmdb-page-file.ts';
import type { ValuePlace } from './lmdb-tree-page.ts';

/**
 * Values that have pages of their own. A leaf names such a place, and the first page there has a
 * header: they must agree, whichever of the two is read first.
 */
export class ValuePages {
  /** By page, what was read first of it. The count is zero when it is not the first of a value. */
  readonly #counts: Uint32Array;
  readonly #transactions: Float64Array;
  /** By page, the first bytes of its value: the hash of the entry; and whether that is counted. */
  readonly #hashes: Uint32Array;
  readonly #isCounted: Uint8Array;
  /** All pages before it have been read. */
  #next = 0;

  /** @param pages of the file */
  constructor(pages: number) {
    this.#counts = new Uint32Array(pages);
    this.#transactions = new Float64Array(pages);
    this.#hashes = new Uint32Array(2 * pages);
    this.#isCounted = new Uint8Array(pages);
  }

  /** A leaf names it. @param isCounted its entry is one of a table @throws DamageError */
  name(place: ValuePlace, isCounted: boolean): void {
    const { first, count, transaction } = place;
    if (isCounted) this.#isCounted[first] = 1;
    if (first < this.#next) this.#compare(first, count, transaction);
    else this.#keep(first, count, transaction);
  }

  /** The next page of those that are in no tree. @throws DamageError */
  read(number: number, buffer: PageBuffer, at: number): void {
    const count = valueCount(number, buffer, at);
    const transaction = buffer.whole(at + PAGE.transaction);
    if (this.#counts[number] === 0) this.#keep(number, count, transaction);
    else this.#compare(number, count, transaction);
    this.#hashes[2 * number] = buffer.word(at + HEADER_BYTES);
    this.#hashes[2 * number + 1] = buffer.word(at + HEADER_BYTES + 4);
    this.#next = number + 1;
  }

  /** Once all has been read. */
  addTo(sum: HashSum): void {
    for (const [page, isCounted] of this.#isCounted.entries()) {
      if (isCounted === 0) continue;
      sum.add(this.#hashes[2 * page] ?? 0, this.#hashes[2 * page + 1] ?? 0);
    }
  }

  #keep(first: number, count: number, transaction: number): void {
    this.#counts[first] = count;
    this.#transactions[first] = transaction;
  }

  #compare(first: number, count: number, transaction: number): void {
    if (this.#counts[first] === count && this.#transactions[first] === transaction) return;
    throw notItsValue(first);
  }
}

/** @throws DamageError unless the page that begins at `at` is the first one there */
export function expectValue(place: ValuePlace, buffer: PageBuffer, at: number): void {
  const { first, count, transaction } = place;
  const isItsFirst =
    valueCount(first, buffer, at) === count && buffer.whole(at + PAGE.transaction) === transaction;
  if (!isItsFirst) throw notItsValue(first);
}

/** @returns how many pages the value has that begins there, or zero when none does */
function valueCount(number: number, buffer: PageBuffer, at: number): number {
  const isFirst =
    buffer.half(at + PAGE.flags) === VALUE && buffer.whole(at + PAGE.number) === number;
  return isFirst ? buffer.word(at + PAGE.count) : 0;
}

function notItsValue(first: number): Error {
  return damagedPage(first, 'it does not begin the value that a leaf has there');
}
