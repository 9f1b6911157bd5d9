import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Has `work` use a new folder, which is removed afterwards, whatever becomes of it. */
export async function inScratch<T>(
  work: (folder: string) => Promise<T>,
  within = tmpdir(),
): Promise<T> {
  const folder = fs.mkdtempSync(path.join(within, 'synod-'));
  try {
    return await work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
