import fs from 'node:fs';
import path from 'node:path';
import { isNativeError } from 'node:util/types';
import { tryLock } from 'fs-native-extensions';
import { codeOf, DiskError } from './disk-error.ts';
import { parseHolder, type Holder } from './holder.ts';
import { kindOf, readSmall } from './regular-file.ts';

const { O_RDWR, O_CREAT } = fs.constants;
/** What the system answers where no file can be made, or not by this user. */
const FORBIDDEN: readonly (string | undefined)[] = ['EACCES', 'EPERM', 'EROFS', 'ENOENT'];

/** Far more than a holder says. */
const MOST_BYTES = 64 * 1024;

/** There can be no lock here, whoever else there is; `message` names its file. */
export class LockError extends Error {
  override readonly name = 'LockError';

  constructor(file: string, what: 'made' | 'locked', cause: unknown) {
    const isSystems = isNativeError(cause);
    const why = isSystems ? cause.message : `a ${String(cause)} is there, and no file`;
    const folder = path.dirname(file);
    const remedy = {
      made: `Let this user write in ${folder}, or choose a data folder inside another one`,
      locked: `Choose a data folder on a filesystem with locks: that of ${folder} has none`,
    };
    const todo = isSystems ? remedy[what] : 'Move it away, then start it again';
    super(`${file} cannot be ${what}: ${why}. ${todo}.`, { cause });
  }
}

/**
 * A lock that the kernel holds for this process until it ends, in whichever way. Its file says who
 * has it. The file is never removed: two could have locks, each on a file of that name.
 */
export class LockFile {
  readonly path: string;
  readonly handle: number;

  private constructor(file: string, handle: number) {
    this.path = file;
    this.handle = handle;
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
        return new LockFile(file, handle);
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
    return parseHolder(readSmall(file, MOST_BYTES));
  }

  release(): void {
    fs.closeSync(this.handle);
  }
}

function open(file: string): number {
  const found = fs.statSync(file, { throwIfNoEntry: false });
  const kind = found && kindOf(found);
  if (kind !== undefined && kind !== 'file') throw new LockError(file, 'locked', kind);
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
