import fs from 'node:fs';
import { DamageError } from './damage.ts';
import type { PageBuffer } from './lmdb-page-buffer.ts';
import { STATE_FILE } from './state-files.ts';

/** The file of LMDB as pages. */
export class PageFile {
  /** Whole ones. */
  readonly pages: number;
  readonly pageBytes: number;
  readonly #handle: number;

  constructor(handle: number, pageBytes: number) {
    this.pages = Math.floor(fs.fstatSync(handle).size / pageBytes);
    this.pageBytes = pageBytes;
    this.#handle = handle;
  }

  /**
   * Fills the beginning of `buffer` with so many pages.
   * @throws DamageError when the file has not so many
   */
  read(first: number, count: number, buffer: PageBuffer): void {
    const bytes = count * this.pageBytes;
    const begin = first * this.pageBytes;
    for (let done = 0; done < bytes;) {
      const read = fs.readSync(this.#handle, buffer.bytes, done, bytes - done, begin + done);
      if (read === 0) throw damagedPage(first, 'the file ends before it');
      done += read;
    }
  }
}

export function damagedPage(page: number, reason: string): DamageError {
  return new DamageError(STATE_FILE, `page ${page}`, reason);
}
