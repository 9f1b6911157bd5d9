import fs from 'node:fs';
import path from 'node:path';
import { syncFolder } from './folder.ts';

/** Ends the name of a file that is not whole yet. */
export const UNFINISHED = '.new';

/** Writes a file whole or not at all, durably, and never half of it under its name. */
export function writeDurably(file: string, text: string): void {
  const fresh = `${file}${UNFINISHED}`;
  fs.rmSync(fresh, { force: true }); // Whatever has its name: a pipe would not even be opened.
  const handle = fs.openSync(fresh, 'wx');
  try {
    fs.writeFileSync(handle, text);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  fs.renameSync(fresh, file);
  syncFolder(path.dirname(file));
}
