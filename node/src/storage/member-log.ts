import path from 'node:path';
import { DamageError } from './damage.ts';
import { DiskFolder } from './disk-folder.ts';
import type { LogFolder } from './log-folder.ts';
import { isFolderThere, isTaken } from './regular-file.ts';
import { SUPERBLOCK, Superblock } from './superblock.ts';

/** The folder of a member's log, in its data folder. */
export const LOG = 'log';

export function logFolderOf(data: string): DiskFolder {
  return new DiskFolder(path.join(data, LOG));
}

/**
 * Whoever has an identity has a log, from before it was written.
 * @throws DamageError when there is none
 */
export function expectLog(data: string): void {
  const log = path.join(data, LOG);
  if (!isFolderThere(log)) throw new DamageError(LOG, 'the folder', 'it is missing');
  if (isTaken(path.join(log, SUPERBLOCK))) return;
  throw new DamageError(SUPERBLOCK, 'the file', 'it is missing');
}

/**
 * Whether the member has run: what a run makes has to be there then.
 * @throws DamageError, ForeignDataError, FormatError
 */
export function hasRun(folder: LogFolder, memberId: string): boolean {
  const superblock = Superblock.read(folder, memberId);
  // Versions that made no superblock made segments.
  if (superblock === undefined) return folder.list().some((name) => name.endsWith('.log'));
  return superblock.record.incarnation.count > 0;
}

/** What a log begins with. It says that from now on there is one. */
export function formatLog(folder: LogFolder, memberId: string): void {
  const incarnation = { count: 0, random: 0 };
  Superblock.make(folder, { memberId, incarnation, lastSegment: 0, end: 0 });
}
