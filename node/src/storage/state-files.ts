import fs from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { DamageError } from './damage.ts';
import { DiskError } from './disk-error.ts';
import { syncFolder } from './folder.ts';
import { isTaken, otherKind } from './regular-file.ts';

/* The files of a state in its folder: its own, another member's that comes, one that is damaged. */

export const STATE_FILE = 'state.mdb';
/** Begins the names of other members' states while they are gathered. */
const INCOMING = 'state.incoming';
/** Another member's state, whole and verified: it takes the place of the own one. */
export const VERIFIED = 'state.verified.mdb';
const DAMAGED = 'state.damaged.mdb';
/** Ends the new name of a folder that had the name of a file. */
const MOVED = '.set-aside';

/** A file in which another member's state is gathered. */
export class IncomingFile {
  readonly path: string;
  readonly #folder: string;

  constructor(folder: string, number: number) {
    this.#folder = folder;
    this.path = path.join(folder, `${INCOMING}-${number}.mdb`);
  }

  async sync(): Promise<void> {
    const handle = await open(this.path, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** It is closed, whole and verified: durably, it is the next one to be opened. */
  async take(): Promise<void> {
    await this.sync();
    fs.renameSync(this.path, path.join(this.#folder, VERIFIED));
    removeLock(this.path);
    syncFolder(this.#folder);
  }

  remove(): void {
    fs.rmSync(this.path, { force: true });
    removeLock(this.path);
  }
}

/** Copies that were not finished are of no use. */
export function removeIncoming(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    if (name.startsWith(INCOMING)) {
      fs.rmSync(path.join(folder, name), { force: true, recursive: true });
    }
  }
}

/**
 * Of LMDB's table of readers, which it maps into memory and trusts: an older one with other bytes
 * ends the process, and so does one that somebody cuts off while it is used. So it has no name but
 * while it is opened. Nobody but this process has the data folder, and so needs it.
 */
export function removeLock(file: string): void {
  const lock = lockOf(file);
  const isFolder = fs.lstatSync(lock, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder) throw otherKind(lock, 'folder', 'file');
  try {
    fs.rmSync(lock, { force: true });
  } catch (error) {
    throw new DiskError(lock, 'removed', error);
  }
}

/** LMDB's name for it. */
export function lockOf(file: string): string {
  return `${file}-lock`;
}

/** Whether it is the state that is damaged: that costs no vote, and it can come anew. */
export function isOfState(error: Error): error is DamageError {
  return error instanceof DamageError && error.file === STATE_FILE;
}

/**
 * A state that failed its checks, and is not open, is kept under another name for a person to look
 * at. Of several the first one is kept: they must not fill the disk.
 */
export function setStateAside(folder: string): void {
  const file = path.join(folder, STATE_FILE);
  const isThere = isTaken(file); // It may be what was missing.
  if (isThere && stateSetAside(folder) === undefined) {
    fs.renameSync(file, path.join(folder, DAMAGED));
    syncFolder(folder);
  } else if (isThere) removeOrMove(folder, STATE_FILE);
}

/**
 * What has a name of the state's, and is of no use, goes. A folder is a person's, who may want what
 * is in it: that gets another name.
 */
export function removeOrMove(folder: string, name: string): void {
  const file = path.join(folder, name);
  try {
    if (fs.lstatSync(file).isDirectory()) fs.renameSync(file, freeName(`${file}${MOVED}`));
    else fs.rmSync(file);
  } catch (error) {
    throw new DiskError(file, 'removed', error);
  }
  syncFolder(folder);
}

function freeName(plain: string): string {
  let free = plain;
  for (let count = 2; isTaken(free); count += 1) free = `${plain}-${count}`;
  return free;
}

/** @returns the name of the file that `setStateAside` made, unless somebody has removed it */
export function stateSetAside(folder: string): string | undefined {
  return isTaken(path.join(folder, DAMAGED)) ? DAMAGED : undefined;
}
