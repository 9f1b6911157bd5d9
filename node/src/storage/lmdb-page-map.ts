import { FIRST_PAGE } from './lmdb-layout.ts';
import { damagedPage } from './lmdb-page-file.ts';

const MOST_LOST_PAGES = 2 ** 14;

/** Whose each page is: no page has two owners, or LMDB would write over one of them. */
export class PageMap {
  readonly #pages: number;
  readonly #filePages: number;
  /** A bit for each page. */
  readonly #owned: Uint8Array;

  /**
   * @param pages that a transaction knows of
   * @param filePages that the file has
   */
  constructor(pages: number, filePages: number) {
    this.#pages = pages;
    this.#filePages = filePages;
    this.#owned = new Uint8Array(Math.ceil(pages / 8));
  }

  /** They belong to a tree or to a value. @throws DamageError */
  use(first: number, count: number): void {
    this.#take(first, count);
    const end = first + count;
    if (end > this.#filePages) {
      throw damagedPage(end - 1, `the file ends after ${this.#filePages} pages`);
    }
  }

  /** They are on the free list. @throws DamageError */
  free(first: number, count: number): void {
    this.#take(first, count);
  }

  /**
   * The last pages may be missing rightly: what one transaction takes and gives back is never
   * written. Then it is free, but for a few pages that LMDB loses.
   * @throws DamageError
   */
  expectMissingFree(): void {
    let lost = 0;
    for (let page = this.#filePages; page < this.#pages; page += 1) {
      if (!this.#isOwned(page)) lost += 1;
      if (lost > MOST_LOST_PAGES) throw damagedPage(page, 'it is not in the file, and not free');
    }
  }

  #take(first: number, count: number): void {
    const end = first + count;
    if (!(first >= FIRST_PAGE && count > 0 && end <= this.#pages)) {
      throw damagedPage(first, `LMDB knows of no such page, or of no ${count} from there`);
    }
    for (let page = first; page < end; page += 1) {
      if (this.#isOwned(page)) throw damagedPage(page, 'it is used in more than one place');
      this.#owned[page >> 3] = (this.#owned[page >> 3] ?? 0) | (1 << (page & 7));
    }
  }

  #isOwned(page: number): boolean {
    return ((this.#owned[page >> 3] ?? 0) & (1 << (page & 7))) !== 0;
  }
}
