import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCK, refuseOther } from './data-folder.ts';
import { makeFolder, placeOf } from './folder.ts';
import { isSeen, thisProcess, type Holder } from './holder.ts';
import { LockFile } from './lock-file.ts';
import { finishRecovery, removeUnfinished } from './recovered-folder.ts';

/** So often it is looked whether a lock has become free. */
const AGAIN_MS = 100;

/** Another process works on the data folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
  readonly pid: number;

  constructor(folder: string, pid: number) {
    super(`${folder} is in use by process ${pid}. Stop that process, or choose another folder.`);
    this.pid = pid;
  }
}

/** What is waited for. */
export interface FolderWait {
  readonly folder: string;
  /** `undefined` while it has not said who it is. */
  readonly holder: Holder | undefined;
}

/**
 * One process at a time works on a data folder. Two locks stand for that, and the kernel holds both
 * for as long as the process lives. The one beside the folder is for its name: a recovery puts
 * another folder in its place. The one inside is for what is in it: where the folder is mounted,
 * another container has the same one, and nothing of what is beside it.
 */
export class FolderLock {
  /** Where the folder is, whatever links led there. */
  readonly path: string;
  /** Whoever finds other files of their names would lock those. */
  readonly files: readonly LockFile[];

  private constructor(folder: string, files: readonly LockFile[]) {
    this.path = folder;
    this.files = files;
  }

  /**
   * Locks the data folder, and finishes what a recovery began before a crash. While a process holds
   * it that cannot be seen from here, as in another container, it waits.
   * @param name of the member, or where it runs
   * @param waits told again and again while it waits
   * @throws FolderInUseError, NotADataFolderError, FolderError, LockError, DiskError
   */
  static async take(
    data: string,
    name: string,
    waits: (wait: FolderWait) => void,
  ): Promise<FolderLock> {
    const folder = placeOf(data);
    refuseOther(folder);
    const holder = thisProcess(name);
    const lock = (file: string): Promise<LockFile> => take(file, folder, holder, waits);
    const beside = await lock(`${folder}.lock`);
    try {
      finishRecovery(folder);
      removeUnfinished(folder);
      makeFolder(folder);
      return new FolderLock(folder, [beside, await lock(path.join(folder, LOCK))]);
    } catch (error) {
      beside.release();
      throw error;
    }
  }

  release(): void {
    for (const file of this.files) file.release();
  }
}

async function take(
  file: string,
  folder: string,
  self: Holder,
  waits: (wait: FolderWait) => void,
): Promise<LockFile> {
  for (;;) {
    const lock = LockFile.take(file, self);
    if (lock !== undefined) return lock;
    const holder = LockFile.holder(file);
    if (holder !== undefined && isSeen(holder)) throw new FolderInUseError(folder, holder.pid);
    waits({ folder, holder });
    await sleep(AGAIN_MS);
  }
}
