import fs from 'node:fs';
import path from 'node:path';
import { RESTORE_FILE } from '../../../contract/src/snapshot.ts';
import { codeOf } from './disk-error.ts';
import { makeFolder } from './folder.ts';
import {
  formatIdentity,
  IDENTITY,
  isUnfinishedIdentity,
  isUnformatted,
  readIdentity,
  type ExpectedIdentity,
  type FoundIdentity,
} from './identity.ts';
import { LOG } from './member-log.ts';
import { isFolder } from './regular-file.ts';

/** The file in it that says who uses it: see folder-lock.ts. */
export const LOCK = 'lock';

/** The folder holds something else than a member's data. */
export class NotADataFolderError extends Error {
  override readonly name = 'NotADataFolderError';

  constructor(folder: string) {
    super(`${folder} is not empty and holds no ${IDENTITY}. Choose an empty or new data folder.`);
  }
}

export interface DataFolder extends FoundIdentity {
  readonly path: string;
}

/**
 * Opens a member's data folder, which nobody else uses. A new one is formatted.
 * @throws NotADataFolderError, ForeignDataError, FormatError — then nothing on disk was changed
 */
export function openDataFolder(folder: string, expected: ExpectedIdentity): DataFolder {
  makeFolder(folder);
  if (isUnformatted(folder, namesIn(folder))) {
    return { ...formatIdentity(folder, expected), isOld: false, path: folder };
  }
  const found = readIdentity(folder, expected);
  if (found === undefined) throw new NotADataFolderError(folder);
  return { ...found, path: folder };
}

/**
 * Before anything is written into a folder.
 * @throws NotADataFolderError when it holds something else
 */
export function refuseOther(folder: string): void {
  const names = namesIn(folder).filter((name) => !isUnfinishedIdentity(folder, name));
  // Others have files of that name, too.
  const hasLog = names.includes(LOG) && isFolder(path.join(folder, LOG));
  if (names.length === 0 || names.includes(IDENTITY) || hasLog) return;
  throw new NotADataFolderError(folder);
}

/**
 * None of a folder that is missing: whoever has the lock may just be putting it in its place. A
 * snapshot to begin with makes nobody a member.
 */
function namesIn(folder: string): string[] {
  const isOf = (name: string): boolean => name !== LOCK && !name.startsWith(RESTORE_FILE);
  try {
    return fs.readdirSync(folder).filter(isOf);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return [];
  }
}
