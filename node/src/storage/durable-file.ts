import fs from 'node:fs';
import path from 'node:path';
import { DiskError } from './disk-error.ts';
import { syncFolder } from './folder.ts';
import { otherKind } from './regular-file.ts';

/** Ends the name of a file that is not whole yet. */
export const UNFINISHED = '.new';

/**
 * Writes a file whole or not at all, durably, and never half of it under its name.
 * @throws DamageError when a folder has the name that it has until it is whole; DiskError
 */
export function writeDurably(file: string, content: string | Buffer): void {
  const fresh = `${file}${UNFINISHED}`;
  const isFolder = fs.lstatSync(fresh, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder) throw otherKind(fresh, 'folder', 'file');
  try {
    fs.rmSync(fresh, { force: true }); // Whatever has its name: a pipe would not even be opened.
    const handle = fs.openSync(fresh, 'wx');
    try {
      fs.writeFileSync(handle, content);
      fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    fs.renameSync(fresh, file);
    syncFolder(path.dirname(file));
  } catch (error) {
    throw new DiskError(file, 'written', error);
  }
}

/** Writes all of it: the system may write less than it is given, as on a disk that fills. */
export function writeWhole(handle: number, data: Buffer, position: number): void {
  for (let at = 0; at < data.length;) {
    const written = fs.writeSync(handle, data, at, data.length - at, position + at);
    if (written === 0) throw new Error(`only ${at} of ${data.length} bytes were written`);
    at += written;
  }
}
