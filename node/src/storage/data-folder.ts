import fs from 'node:fs';
import path from 'node:path';
import { makeFolder, syncFolder } from './folder.ts';
import { ForeignDataError, FormatError } from './format-error.ts';

const FOLDER_FORMAT = 1;
const IDENTITY = 'identity.json';
/** Begins the names of claims: `lock.<pid>.<start time>`. */
const LOCK = 'lock.';

export interface Identity {
  readonly clusterId: string;
  readonly memberId: string;
}

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

export interface DataFolder {
  readonly path: string;
  /** Lets another process have the folder. */
  release(): void;
}

/**
 * Takes a member's data folder for this process, and formats it when it is new.
 * @throws FolderInUseError, NotADataFolderError, ForeignDataError, FormatError — then nothing on
 *   disk was changed
 */
export function openDataFolder(folder: string, identity: Identity): DataFolder {
  makeFolder(folder);
  const release = lock(folder);
  try {
    const names = fs.readdirSync(folder).filter((name) => !name.startsWith(LOCK));
    // A process that ended while it formatted the folder left nothing but the unfinished file.
    const isNew = names.every((name) => name === `${IDENTITY}.new`);
    if (isNew) format(folder, identity);
    else checkIdentity(folder, names, identity);
  } catch (error) {
    release();
    throw error;
  }
  return { path: folder, release };
}

function checkIdentity(folder: string, names: readonly string[], expected: Identity): void {
  if (!names.includes(IDENTITY)) throw new NotADataFolderError(folder);
  const file = path.join(folder, IDENTITY);
  const { format, clusterId, memberId } = parseIdentity(folder, fs.readFileSync(file, 'utf8'));
  if (format > FOLDER_FORMAT) throw new FormatError(file, format, FOLDER_FORMAT);
  if (clusterId !== expected.clusterId) {
    throw new ForeignDataError(file, 'cluster', clusterId, expected.clusterId);
  }
  if (memberId !== expected.memberId) {
    throw new ForeignDataError(file, 'member', memberId, expected.memberId);
  }
}

function parseIdentity(folder: string, text: string): Identity & { format: number } {
  try {
    const { format, clusterId, memberId } = JSON.parse(text) as Record<string, unknown>;
    if (typeof format === 'number' && typeof clusterId === 'string') {
      if (typeof memberId === 'string') return { format, clusterId, memberId };
    }
  } catch {
    // Not JSON: no identity either.
  }
  throw new NotADataFolderError(folder);
}

function format(folder: string, identity: Identity): void {
  const file = path.join(folder, IDENTITY);
  const text = JSON.stringify({ format: FOLDER_FORMAT, ...identity }, undefined, 2);
  const fresh = fs.openSync(`${file}.new`, 'w');
  fs.writeSync(fresh, `${text}\n`);
  fs.fsyncSync(fresh);
  fs.closeSync(fresh);
  fs.renameSync(`${file}.new`, file);
  syncFolder(folder);
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
