import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { LabError } from './lab-error.ts';

/** Names the folder of the lab that is up; a restart of the host forgets both. */
const OWNER_FILE = '/run/synod-lab';
/** An abstract socket: the system takes it away from whoever ends, however that comes about. */
const COMMAND_SOCKET = '\0synod-lab';

/**
 * Does something that no other command of a lab may be at work beside.
 * @throws LabError when another one is
 */
export async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(new LabError('Another command of the lab is at work.')));
    server.listen(COMMAND_SOCKET, resolve);
  });
  try {
    return await work();
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** The folder of the lab that is up on this machine. */
export function owner(): string | undefined {
  try {
    return readFileSync(OWNER_FILE, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** @throws LabError when the lab of another folder is up */
export function refuseForeign(folder: string): void {
  const other = owner();
  if (other === undefined || other === folder) return;
  throw new LabError(`A lab is up in ${other}; take it down first: SYNOD_LAB=${other}, down.`);
}

/** Makes this lab the one of this machine. */
export function take(folder: string): void {
  if (owner() !== folder) writeFileSync(OWNER_FILE, `${folder}\n`, { flag: 'wx' });
}

export function release(): void {
  rmSync(OWNER_FILE, { force: true });
}
