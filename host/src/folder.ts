import fs from 'node:fs';
import path from 'node:path';
import { isNativeError } from 'node:util/types';

/** A folder cannot be made; `message` is a sentence that names it. */
export class FolderError extends Error {
  override readonly name = 'FolderError';

  constructor(folder: string, cause: unknown) {
    const why = isNativeError(cause) ? cause.message : String(cause);
    super(`The folder ${folder} cannot be made: ${why}. Name another one.`, { cause });
  }
}

/**
 * Makes a folder and those above it where they are missing. Node's own way of it never ends where
 * the system says that a folder is missing in one that is there, as /proc does.
 * @returns those that were made, the topmost first
 * @throws FolderError
 */
export function makeFolder(folder: string): string[] {
  try {
    const made = missing(folder);
    for (const each of made) make(each);
    return made;
  } catch (error) {
    throw new FolderError(folder, error);
  }
}

function missing(folder: string): string[] {
  const found: string[] = [];
  for (let at = path.resolve(folder); !isFolder(at); at = path.dirname(at)) found.unshift(at);
  return found;
}

/** Another one may make it at the same time. */
function make(folder: string): void {
  try {
    fs.mkdirSync(folder);
  } catch (error) {
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(name: string): boolean {
  return fs.statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
}
