import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { UNFINISHED, writeDurably } from './durable-file.ts';
import { makeFolder } from './folder.ts';
import { ForeignDataError, FormatError } from './format-error.ts';

const FOLDER_FORMAT = 2;
const IDENTITY = 'identity.json';
/** Begins the names of claims: `lock.<pid>.<start time>`. */
const LOCK = 'lock.';
const ID_BYTES = 8;

/** Whose data folder it is. */
export interface Identity {
  /** Namespace and name of the cluster. Two clusters may have them, one after the other. */
  readonly cluster: string;
  readonly memberId: string;
}

/** What is asked of a data folder: a member's of that cluster, or a certain member's. */
export type ExpectedIdentity = Pick<Identity, 'cluster'> & Partial<Identity>;

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
  readonly memberId: string;
  /** Lets another process have the folder. */
  release(): void;
}

/**
 * Takes a member's data folder for this process. A new one is formatted: with the id that is
 * expected, or one that nobody ever had. So whoever lost its data is somebody else afterwards, and
 * cannot vote as one who has forgotten what it promised.
 * @throws FolderInUseError, NotADataFolderError, ForeignDataError, FormatError — then nothing on
 *   disk was changed
 */
export function openDataFolder(folder: string, expected: ExpectedIdentity): DataFolder {
  makeFolder(folder);
  const release = lock(folder);
  try {
    const names = fs.readdirSync(folder).filter((name) => !name.startsWith(LOCK));
    // A process that ended while it formatted the folder left nothing but the unfinished file.
    const isNew = names.every((name) => name === `${IDENTITY}${UNFINISHED}`);
    const { memberId } = isNew ? format(folder, expected) : readIdentity(folder, names, expected);
    return { path: folder, memberId, release };
  } catch (error) {
    release();
    throw error;
  }
}

function readIdentity(
  folder: string,
  names: readonly string[],
  expected: ExpectedIdentity,
): Identity {
  if (!names.includes(IDENTITY)) throw new NotADataFolderError(folder);
  const file = path.join(folder, IDENTITY);
  const text = fs.readFileSync(file, 'utf8');
  const format = formatOf(folder, text);
  if (format !== FOLDER_FORMAT) throw new FormatError(file, format, FOLDER_FORMAT);
  const identity = parseIdentity(folder, text);
  const { cluster, memberId = identity.memberId } = expected;
  if (identity.cluster !== cluster) {
    throw new ForeignDataError(file, 'cluster', identity.cluster, cluster);
  }
  if (identity.memberId !== memberId) {
    throw new ForeignDataError(file, 'member', identity.memberId, memberId);
  }
  return identity;
}

function formatOf(folder: string, text: string): number {
  const { format } = parseObject(folder, text);
  if (typeof format !== 'number') throw new NotADataFolderError(folder);
  return format;
}

function parseIdentity(folder: string, text: string): Identity {
  const { cluster, memberId } = parseObject(folder, text);
  if (typeof cluster === 'string' && typeof memberId === 'string') return { cluster, memberId };
  throw new NotADataFolderError(folder);
}

function parseObject(folder: string, text: string): { [field in string]?: unknown } {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return { ...parsed };
  } catch {
    // Not JSON: no identity either.
  }
  throw new NotADataFolderError(folder);
}

function format(folder: string, { cluster, memberId }: ExpectedIdentity): Identity {
  const identity = { cluster, memberId: memberId ?? randomBytes(ID_BYTES).toString('hex') };
  const text = JSON.stringify({ format: FOLDER_FORMAT, ...identity }, undefined, 2);
  writeDurably(path.join(folder, IDENTITY), `${text}\n`);
  return identity;
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
