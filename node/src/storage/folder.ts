import fs from 'node:fs';
import path from 'node:path';
import { makeFolder as make } from '../../../host/src/folder.ts';
import { codeOf } from './disk-error.ts';

/**
 * Makes a folder and those above it where they are missing; then their names are durable.
 * @throws FolderError
 */
export function makeFolder(folder: string): void {
  for (const made of make(folder).reverse()) syncFolder(path.dirname(made));
}

/**
 * Where a folder is: by the one name that all come to, whatever links they follow. What is above it
 * is made; itself may be missing.
 * @throws FolderError
 */
export function placeOf(folder: string): string {
  const named = path.resolve(folder);
  const above = path.dirname(named);
  makeFolder(above);
  try {
    return fs.realpathSync(named);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  const place = path.join(fs.realpathSync(above), path.basename(named));
  // A link that leads nowhere yet, unless another process has made the folder in between.
  const isLink = fs.lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? placeOf(path.resolve(above, fs.readlinkSync(place))) : place;
}

/** Makes the names in a folder durable: the sync of a file does not promise that of its name. */
export function syncFolder(folder: string): void {
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
