import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A scratch folder, or what was to be there, cannot be written; `message` is a sentence. */
export class ScratchError extends Error {
  override readonly name = 'ScratchError';

  constructor(cause: Error) {
    super(
      `${cause.message.replace(/\.$/, '')}. On its way to or from S3 a snapshot is a file there: ` +
        'that folder has to have room for it. $TMPDIR names another one.',
      { cause },
    );
  }
}

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
