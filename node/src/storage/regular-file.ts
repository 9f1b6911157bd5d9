import fs from 'node:fs';
import path from 'node:path';
import { DamageError } from './damage.ts';
import { DiskError } from './disk-error.ts';

const { O_NONBLOCK, O_RDONLY } = fs.constants;

type Facts = Pick<
  fs.Stats,
  'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket' | 'isBlockDevice' | 'isCharacterDevice'
>;

/** What stands under a name, as a person calls it. */
export function kindOf(found: Facts): string {
  if (found.isFile()) return 'file';
  if (found.isDirectory()) return 'folder';
  if (found.isFIFO()) return 'named pipe';
  if (found.isSocket()) return 'socket';
  return found.isBlockDevice() || found.isCharacterDevice() ? 'device' : 'special file';
}

/**
 * Opens a file of a data folder. What is no file is not opened: a pipe would keep the process
 * waiting for ever, and a device may do anything.
 * @throws DamageError when something else has its name; DiskError
 */
export function openRegular(file: string, flags: number): number {
  try {
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (found !== undefined) expectFile(file, found);
    else if (isTaken(file)) throw otherKind(file, 'link that leads nowhere', 'file');
    const handle = fs.openSync(file, flags | O_NONBLOCK);
    try {
      expectFile(file, fs.fstatSync(handle)); // It may have come in between.
    } catch (error) {
      fs.closeSync(handle);
      throw error;
    }
    return handle;
  } catch (error) {
    if (error instanceof DamageError) throw error;
    throw new DiskError(file, 'opened', error);
  }
}

function expectFile(file: string, found: Facts): void {
  const kind = kindOf(found);
  if (kind !== 'file') throw otherKind(file, kind, 'file');
}

/** What is there under another kind than it has to be: that is a person's, and is left alone. */
export function otherKind(file: string, found: string, wanted: 'file' | 'folder'): DamageError {
  const todo = 'Move it away, and put what was there before in its place, if you still have it';
  const reason = `a ${found} is there, where a ${wanted} has to be. ${todo}`;
  return new DamageError(path.basename(file), 'its name', reason);
}

/**
 * Reads a small file whole.
 * @param most bytes that it can have: who wrote it never writes more
 * @throws DamageError when it is no such file; DiskError
 */
export function readSmall(file: string, most: number): string {
  const handle = openRegular(file, O_RDONLY);
  try {
    const { size } = fs.fstatSync(handle);
    if (size > most) {
      const reason = `it has ${size} bytes, and never has more than ${most}`;
      throw new DamageError(path.basename(file), 'its end', reason);
    }
    return fs.readFileSync(handle, 'utf8');
  } catch (error) {
    if (error instanceof DamageError) throw error;
    throw new DiskError(file, 'read', error);
  } finally {
    fs.closeSync(handle);
  }
}

/** Whether anything has that name, also a link that leads nowhere. */
export function isTaken(name: string): boolean {
  return fs.lstatSync(name, { throwIfNoEntry: false }) !== undefined;
}

export function isFolder(name: string): boolean {
  return fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}

/**
 * Whether there is a folder of that name.
 * @throws DamageError when something else has it
 */
export function isFolderThere(name: string): boolean {
  const found = fs.statSync(name, { throwIfNoEntry: false });
  if (found === undefined) {
    if (isTaken(name)) throw otherKind(name, 'link that leads nowhere', 'folder');
    return false;
  }
  const kind = kindOf(found);
  if (kind !== 'folder') throw otherKind(name, kind, 'folder');
  return true;
}
