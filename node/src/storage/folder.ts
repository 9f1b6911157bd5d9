import fs from 'node:fs';
import path from 'node:path';

/** Makes a folder and those above it where they are missing; then their names are durable. */
export function makeFolder(folder: string): void {
  const first = fs.mkdirSync(folder, { recursive: true });
  if (first === undefined) return;
  const top = path.dirname(path.resolve(first));
  for (let above = path.resolve(folder); above !== top;) {
    above = path.dirname(above);
    syncFolder(above);
  }
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
