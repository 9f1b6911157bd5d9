import fs from 'node:fs';
import path from 'node:path';

/** All files of a data folder by their paths in it, but for those that say who uses it. */
export type FolderImage = ReadonlyMap<string, Buffer>;

const STATE = 'state.mdb';
const SUPERBLOCK = path.join('log', 'superblock');

/**
 * Reads a folder, also while a member works on it: then it is as after the end of a process. What
 * vouches for something else is read before that.
 */
export function readFolder(folder: string): FolderImage {
  const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && !/(^|-)lock$/.test(entry.name))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
  const rank = (name: string): number => [STATE, SUPERBLOCK].indexOf(name) >>> 0;
  names.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return new Map(names.map((name) => [name, settled(path.join(folder, name))]));
}

/** LMDB writes in a thread of its own: what is read twice is no mixture of two transactions. */
function settled(file: string): Buffer {
  let bytes = fs.readFileSync(file);
  for (;;) {
    const again = fs.readFileSync(file);
    if (again.equals(bytes)) return bytes;
    bytes = again;
  }
}

/** Makes the folder what the image says, and nothing else. */
export function writeFolder(folder: string, image: FolderImage): void {
  fs.rmSync(folder, { recursive: true, force: true });
  for (const [name, bytes] of image) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, bytes);
  }
}
