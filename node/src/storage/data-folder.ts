import fs from 'node:fs';
import path from 'node:path';
import { makeFolder } from './folder.ts';
import {
  formatIdentity,
  IDENTITY,
  isUnformatted,
  readIdentity,
  type ExpectedIdentity,
  type FoundIdentity,
} from './identity.ts';

/** Begins the names of claims: `lock.<pid>.<start time>`. */
const LOCK = 'lock.';

/** Another process works on the data folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
  readonly pid: number;

  constructor(folder: string, pid: number) {
    super(`${folder} is in use by process ${pid}. Stop that process, or choose another folder.`);
    this.pid = pid;
  }
}

/** The folder holds something else than a member's data. */
export class NotADataFolderError extends Error {
  override readonly name = 'NotADataFolderError';

  constructor(folder: string) {
    super(`${folder} is not empty and holds no ${IDENTITY}. Choose an empty or new data folder.`);
  }
}

export interface DataFolder extends FoundIdentity {
  readonly path: string;
  /** Lets another process have the folder. */
  release(): void;
}

/**
 * Takes a member's data folder for this process. A new one is formatted.
 * @throws FolderInUseError, NotADataFolderError, ForeignDataError, FormatError — then nothing on
 *   disk was changed
 */
export function openDataFolder(folder: string, expected: ExpectedIdentity): DataFolder {
  makeFolder(folder);
  const release = lock(folder);
  try {
    const names = fs.readdirSync(folder).filter((name) => !name.startsWith(LOCK));
    return { ...identify(folder, names, expected), path: folder, release };
  } catch (error) {
    release();
    throw error;
  }
}

function identify(
  folder: string,
  names: readonly string[],
  expected: ExpectedIdentity,
): FoundIdentity {
  if (isUnformatted(folder, names)) {
    return { ...formatIdentity(folder, expected), isOld: false };
  }
  const found = readIdentity(folder, expected);
  if (found === undefined) throw new NotADataFolderError(folder);
  return found;
}

/** What tells a process from a later one with the same id; '' where the system does not say. */
function startOf(pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === '' || startOf(pid) === start;
}

/**
 * Claims the folder by a file of this process' own, then looks for the claims of others: of two
 * that come at once, the later to claim sees the other, and gives up. The claim of a process that
 * has ended can never be its again: anybody may remove it.
 */
function lock(folder: string): () => void {
  const start = startOf(process.pid);
  const mine = `${LOCK}${process.pid}.${start}`;
  const claim = path.join(folder, mine);
  const release = (): void => fs.rmSync(claim, { force: true });
  try {
    fs.writeFileSync(claim, '', { flag: start === '' ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new FolderInUseError(folder, process.pid);
  }
  for (const name of fs.readdirSync(folder)) {
    if (!name.startsWith(LOCK) || name === mine) continue;
    const [pid, begun = ''] = name.slice(LOCK.length).split('.');
    if (isAlive(Number(pid), begun)) {
      release();
      throw new FolderInUseError(folder, Number(pid));
    }
    fs.rmSync(path.join(folder, name), { force: true });
  }
  return release;
}
