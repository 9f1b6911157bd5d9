import fs from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../../../host/src/folder.ts';
import {
  SnapshotError,
  verifySnapshot,
  type Snapshot,
} from '../../../contract/src/snapshot-file.ts';
import { RESTORE_FILE } from '../../../contract/src/snapshot.ts';
import { UnfinishedFile } from './unfinished-file.ts';

/** In a data folder: who uses it. The kernel's lock is what counts, and not the file. */
const LOCK = 'lock';
const COPY_BYTES = 1024 * 1024;

/** A folder has something else in it; `message` is a sentence. Nothing was changed. */
export class NotBlankError extends Error {
  override readonly name = 'NotBlankError';

  constructor(folder: string) {
    super(`${folder} is not empty. A new cluster begins with new data folders: name another one.`);
  }
}

/**
 * Puts a snapshot into data folders that are empty, or have only a snapshot: the members that are
 * started there begin a new cluster with it. Each copy is read and checked, and has its name only
 * when it is whole and durable.
 * @throws SnapshotError, NotBlankError: nothing was changed; FolderError, or what the system says
 */
export function placeSnapshot(file: string, folders: readonly string[]): Snapshot {
  const snapshot = verifySnapshot(file);
  for (const folder of folders) refuseOther(folder);
  for (const folder of folders) place(file, folder, snapshot);
  return snapshot;
}

function refuseOther(folder: string): void {
  if (!isBlank(folder)) throw new NotBlankError(folder);
}

/** Nothing is in it, or only a snapshot that nobody has begun with. */
export function isBlank(folder: string): boolean {
  if (!fs.existsSync(folder)) return true;
  return fs.readdirSync(folder).every((name) => name === LOCK || name.startsWith(RESTORE_FILE));
}

/** Whether a member that is started there is to begin a new cluster with a snapshot. */
export function holdsSnapshot(folder: string): boolean {
  return fs.existsSync(path.join(folder, RESTORE_FILE));
}

function place(file: string, folder: string, { hash }: Snapshot): void {
  makeFolder(folder);
  const copy = new UnfinishedFile(path.join(folder, RESTORE_FILE), true);
  const source = fs.openSync(file, 'r');
  try {
    const chunk = Buffer.allocUnsafe(COPY_BYTES);
    for (let bytes = -1; bytes !== 0;) {
      bytes = fs.readSync(source, chunk);
      copy.write(chunk.subarray(0, bytes));
    }
    copy.sync();
    if (verifySnapshot(copy.path).hash !== hash) {
      throw new SnapshotError('It was changed while it was copied.');
    }
    copy.finish(true);
  } finally {
    fs.closeSync(source);
    copy.remove();
  }
}
