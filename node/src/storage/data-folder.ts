import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { codeOf } from './disk-error.ts';
import { UNFINISHED, writeDurably } from './durable-file.ts';
import { makeFolder } from './folder.ts';
import { ForeignDataError, FormatError } from './format-error.ts';

const FOLDER_FORMAT = 2;
const IDENTITY = 'identity.json';
/** The file in it that says who uses it: see folder-lock.ts. */
export const LOCK = 'lock';
const ID_BYTES = 8;

/** Whose data folder it is. */
export interface Identity {
  /** Namespace and name of the cluster. Two clusters may have them, one after the other. */
  readonly cluster: string;
  readonly memberId: string;
}

/** What is asked of a data folder: a member's of that cluster, or a certain member's. */
export type ExpectedIdentity = Pick<Identity, 'cluster'> & Partial<Identity>;

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
}

/**
 * Opens a member's data folder, which nobody else uses. A new one is formatted: with the id that is
 * expected, or one that nobody ever had. So whoever lost its data is somebody else afterwards, and
 * cannot vote as one who has forgotten what it promised.
 * @throws NotADataFolderError, ForeignDataError, FormatError — then nothing on disk was changed
 */
export function openDataFolder(folder: string, expected: ExpectedIdentity): DataFolder {
  makeFolder(folder);
  const names = fs.readdirSync(folder);
  const { memberId } = isNew(names)
    ? format(folder, expected)
    : readIdentity(folder, names, expected);
  return { path: folder, memberId };
}

/**
 * Before anything is written into a folder.
 * @throws NotADataFolderError when it holds something else
 */
export function refuseOther(folder: string): void {
  const names = namesIn(folder);
  if (!isNew(names) && !names.includes(IDENTITY)) throw new NotADataFolderError(folder);
}

/** None of a folder that is missing: whoever has the lock may just be putting it in its place. */
function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return [];
  }
}

/** A process that ended while it formatted the folder left nothing but the unfinished file. */
function isNew(names: readonly string[]): boolean {
  return names.every((name) => name === LOCK || name === `${IDENTITY}${UNFINISHED}`);
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
