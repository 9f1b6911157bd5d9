import fs from 'node:fs';
import path from 'node:path';
import { isNativeError } from 'node:util/types';
import { makeFolder } from '../../../host/src/folder.ts';
import { isUnfinishedOf } from '../local/unfinished-file.ts';
import { FilePlace } from './file-place.ts';
import type { Shelf } from './place.ts';

/** Whoever writes to what is not finished yet has written by then. */
const LEFT_MS = 24 * 60 * 60 * 1000;

/** Snapshots that are kept in a folder. */
export class FolderShelf implements Shelf {
  readonly #folder: string;

  /** Makes the folder when it is missing. @throws FolderError */
  constructor(folder: string) {
    makeFolder(folder);
    this.#folder = folder;
  }

  addressOf(name: string): string {
    return path.join(this.#folder, name);
  }

  place(name: string): FilePlace {
    return new FilePlace(this.addressOf(name));
  }

  /** A pipe would be waited for without an end, also behind a link; so would a device. */
  async names(): Promise<readonly string[]> {
    const names = await fs.promises.readdir(this.#folder);
    return names.filter((name) => {
      const found = fs.statSync(this.addressOf(name), { throwIfNoEntry: false });
      return found === undefined || found.isFile() || found.isDirectory();
    });
  }

  async left(isKept: (name: string) => boolean): Promise<readonly string[]> {
    const isOld = (name: string): boolean => {
      const found = fs.lstatSync(this.addressOf(name), { throwIfNoEntry: false });
      return found?.isFile() === true && Date.now() - found.mtimeMs > LEFT_MS;
    };
    return (await this.names()).filter((name) => isUnfinishedOf(name, isKept) && isOld(name));
  }

  remove(name: string): Promise<void> {
    return fs.promises.rm(this.addressOf(name), { force: true });
  }

  isGone(error: unknown): boolean {
    return isNativeError(error) && 'code' in error && error.code === 'ENOENT';
  }

  troubleOf(error: unknown): string | undefined {
    const isOfSystem = isNativeError(error) && 'syscall' in error;
    return isOfSystem ? `It cannot be read: ${error.message}.` : undefined;
  }
}
