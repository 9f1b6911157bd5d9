import fs from 'node:fs';
import path from 'node:path';
import { isNativeError } from 'node:util/types';
import { tryLock } from 'fs-native-extensions';
import { codeOf, DiskError } from './disk-error.ts';
import { parseHolder, type Holder } from './holder.ts';

const { O_RDWR, O_CREAT } = fs.constants;
/** What the system answers where no file can be made, or not by this user. */
const FORBIDDEN: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'EROFS', 'ENOENT'];

/** There can be no lock here, whoever else there is; `message` names its file. */
export class LockError extends Error {
  override readonly name = 'LockError';

  constructor(file: string, what: 'made' | 'locked', cause: unknown) {
    const why = isNativeError(cause) ? cause.message : String(cause);
    const folder = path.dirname(file);
    const remedy =
      what === 'made'
        ? `Let this user write in ${folder}, or choose a data folder inside another one`
        : `Choose a data folder on a filesystem with locks: that of ${folder} has none`;
    super(`${file} cannot be ${what}: ${why}. ${remedy}.`, { cause });
  }
}

/**
 * A lock that the kernel holds for this process until it ends, in whichever way. Its file says who
 * has it. The file is never removed: two could have locks, each on a file of that name.
 */
export class LockFile {
  readonly #handle: number;

  private constructor(handle: number) {
    this.#handle = handle;
  }

  /**
   * @param holder what the file says from then on
   * @returns `undefined` when another process has it
   * @throws LockError, DiskError
   */
  static take(file: string, holder: Holder): LockFile | undefined {
    const handle = open(file);
    try {
      if (lock(file, handle)) {
        write(file, handle, `${JSON.stringify(holder)}\n`);
        return new LockFile(handle);
      }
    } catch (error) {
      fs.closeSync(handle);
      throw error;
    }
    fs.closeSync(handle);
    return undefined;
  }

  /** Who has a lock that was not to be had; `undefined` while that one has not said so. */
  static holder(file: string): Holder | undefined {
    return parseHolder(fs.readFileSync(file, 'utf8'));
  }

  release(): void {
    fs.closeSync(this.#handle);
  }
}

function open(file: string): number {
  try {
    return fs.openSync(file, O_RDWR | O_CREAT);
  } catch (error) {
    if (FORBIDDEN.includes(codeOf(error))) throw new LockError(file, 'made', error);
    throw new DiskError(file, 'made', error);
  }
}

function lock(file: string, handle: number): boolean {
  try {
    return tryLock(handle);
  } catch (error) {
    throw new LockError(file, 'locked', error);
  }
}

function write(file: string, handle: number, text: string): void {
  try {
    fs.ftruncateSync(handle);
    fs.writeSync(handle, text, 0);
  } catch (error) {
    throw new DiskError(file, 'written', error);
  }
}
