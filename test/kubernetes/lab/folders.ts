import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { cacheFolder } from '../../../cli/src/local/nats-server.ts';
import { run } from './command.ts';
import { LabError } from './lab-error.ts';

/** Where the lab keeps things; both are outside the repository. */
export interface Folders {
  /** What is kept from one lab to the next: programs and images. */
  readonly cache: string;
  /** What goes when the lab goes. */
  readonly lab: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** `$SYNOD_LAB`, or a folder in the user's cache. */
export function foldersOf(environment: Environment = process.env): Folders {
  const cache = cacheFolder({ HOME: homedir(), ...environment });
  const named = environment['SYNOD_LAB'];
  const lab = path.resolve(named === undefined || named === '' ? path.join(cache, 'lab') : named);
  for (const folder of [cache, lab]) {
    // A machine of the lab has a /run and a /var of its own.
    if (/^\/(run|var)(\/|$)/.test(folder)) {
      throw new LabError(`The lab can't have its files in ${folder}: choose a place outside it.`);
    }
  }
  return { cache, lab };
}

const REMOVAL_DEADLINE_MS = 300_000;
/** Says in a folder that it is a lab's, and may be removed. */
const MARK = 'THIS-FOLDER-IS-REMOVED-BY-LAB-DOWN';

/** @throws LabError for a folder in which somebody else has something */
export function makeLabFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const mark = path.join(folder, MARK);
  if (existsSync(mark)) return;
  if (readdirSync(folder).length > 0) {
    throw new LabError(`There are files in ${folder} that are not the lab's: choose another one.`);
  }
  writeFileSync(mark, '');
}

/** Removes a lab's folder, and no other. */
export async function removeLabFolder(folder: string): Promise<void> {
  if (!existsSync(path.join(folder, MARK))) return;
  // A hundred thousand files of unpacked images: a program's work, and the mark goes last.
  for (const entry of readdirSync(folder).filter((name) => name !== MARK)) {
    await run('rm', ['-rf', path.join(folder, entry)], { deadlineMs: REMOVAL_DEADLINE_MS });
  }
  await run('rm', ['-rf', folder]);
}
