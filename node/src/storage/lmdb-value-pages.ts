import { PAGE, VALUE } from './lmdb-layout.ts';
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
  /** All pages before it have been read. */
  #next = 0;

  /** @param pages of the file */
  constructor(pages: number) {
    this.#counts = new Uint32Array(pages);
    this.#transactions = new Float64Array(pages);
  }

  /** A leaf names it. @throws DamageError */
  name(place: ValuePlace): void {
    const { first, count, transaction } = place;
    if (first < this.#next) this.#compare(first, count, transaction);
    else this.#keep(first, count, transaction);
  }

  /** The next page of those that are in no tree. @throws DamageError */
  read(number: number, buffer: PageBuffer, at: number): void {
    const count = valueCount(number, buffer, at);
    const transaction = buffer.whole(at + PAGE.transaction);
    if (this.#counts[number] === 0) this.#keep(number, count, transaction);
    else this.#compare(number, count, transaction);
    this.#next = number + 1;
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
