import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { DamageError } from './damage.ts';
import { UNFINISHED, writeDurably } from './durable-file.ts';
import { parseJson } from './facts.ts';
import { ForeignDataError, FormatError } from './format-error.ts';
import { formatLog, LOG, logFolderOf } from './member-log.ts';
import { isFolder, isTaken, readSmall } from './regular-file.ts';
import { Superblock } from './superblock.ts';

/** From format 3 on it has a checksum, and there is a superblock. */
const FORMAT = 3;
const OLDEST_FORMAT = 2;
export const IDENTITY = 'identity.json';
const ID_BYTES = 8;
/** With names of the greatest length it has a tenth of them. */
const MOST_BYTES = 4096;
/** Of a member whose files do not say it any more. */
const UNKNOWN = 'unknown';

/** Whose data folder it is. */
export interface Identity {
  /** Namespace and name of the cluster. Two clusters may have them, one after the other. */
  readonly cluster: string;
  readonly memberId: string;
}

/** What is asked of a data folder: a member's of that cluster, or a certain member's. */
export type ExpectedIdentity = Pick<Identity, 'cluster'> & Partial<Identity>;

/** What a folder says of itself. */
export interface FoundIdentity {
  readonly memberId: string;
  /** It is of a version that made no superblock. */
  readonly isOld: boolean;
  /** What is wrong with it: then nothing in the folder is to be used. */
  readonly damage?: DamageError;
}

/** Whether a folder is empty, or holds what a process left that ended while it formatted it. */
export function isUnformatted(folder: string, names: readonly string[]): boolean {
  const left = names.filter((name) => !isUnfinishedIdentity(folder, name));
  if (left.length === 0) return true;
  // The log comes first: what follows is only there when the log is.
  if (left.length > 1 || left[0] !== LOG) return false;
  return isUnborn(folder);
}

/** Whether it is an identity that was not finished; a folder of that name is somebody's. */
export function isUnfinishedIdentity(folder: string, name: string): boolean {
  return name === `${IDENTITY}${UNFINISHED}` && !isFolder(path.join(folder, name));
}

/** Whether there is no log in the folder, or one that no run has ever had. */
function isUnborn(folder: string): boolean {
  const log = path.join(folder, LOG);
  if (!isFolder(log)) return false;
  const files = fs.readdirSync(log);
  if (files.some((name) => name.endsWith('.log'))) return false;
  try {
    return Superblock.isUnborn(logFolderOf(folder));
  } catch {
    return false;
  }
}

/**
 * Makes a folder a member's: with the id that is expected, or one that nobody ever had. So whoever
 * lost its data is somebody else afterwards, and cannot vote as one who has forgotten what it
 * promised.
 */
export function formatIdentity(folder: string, { cluster, memberId }: ExpectedIdentity): Identity {
  const identity = { cluster, memberId: memberId ?? randomBytes(ID_BYTES).toString('hex') };
  formatLog(logFolderOf(folder), identity.memberId);
  const said = { format: FORMAT, ...identity };
  const text = JSON.stringify({ ...said, crc32: checksum(said) }, undefined, 2);
  writeDurably(path.join(folder, IDENTITY), `${text}\n`);
  return identity;
}

/**
 * @returns `undefined` when it is no folder of a member
 * @throws ForeignDataError, FormatError
 */
export function readIdentity(
  folder: string,
  expected: ExpectedIdentity,
): FoundIdentity | undefined {
  const file = path.join(folder, IDENTITY);
  let damage: DamageError | undefined;
  const text = textOf(file, (found) => {
    damage = found;
  });
  const { format, cluster, memberId, crc32: stored } = parseJson(Buffer.from(text ?? ''));
  const areTexts = typeof cluster === 'string' && typeof memberId === 'string';
  if (areTexts && typeof format === 'number') {
    const isOld = format < FORMAT && stored === undefined;
    const isWhole = isOld || stored === checksum({ format, cluster, memberId });
    if (isWhole) return checked(file, { format, cluster, memberId, isOld }, expected);
  }
  if (!isFolder(path.join(folder, LOG))) return undefined;
  damage ??= damageOf(text);
  return { memberId: idByLog(folder) ?? UNKNOWN, isOld: false, damage };
}

/** @param damaged told when it is no file that is one */
function textOf(file: string, damaged: (found: DamageError) => void): string | undefined {
  if (!isTaken(file)) return undefined;
  try {
    return readSmall(file, MOST_BYTES);
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    damaged(error);
    return undefined;
  }
}

function checked(
  file: string,
  found: Identity & { readonly format: number; readonly isOld: boolean },
  expected: ExpectedIdentity,
): FoundIdentity {
  const { format, isOld } = found;
  if (format > FORMAT || format < OLDEST_FORMAT) {
    throw new FormatError(file, format, format > FORMAT ? FORMAT : OLDEST_FORMAT);
  }
  const { cluster, memberId = found.memberId } = expected;
  if (found.cluster !== cluster) {
    throw new ForeignDataError(file, 'cluster', found.cluster, cluster);
  }
  if (found.memberId !== memberId) {
    throw new ForeignDataError(file, 'member', found.memberId, memberId);
  }
  return { memberId, isOld };
}

function damageOf(text: string | undefined): DamageError {
  if (text === undefined) return new DamageError(IDENTITY, 'the file', 'it is missing');
  return new DamageError(IDENTITY, 'its text', 'its checksum does not match');
}

/** The log knows, too, whose it is. */
function idByLog(folder: string): string | undefined {
  try {
    return Superblock.read(logFolderOf(folder))?.record.memberId;
  } catch {
    return undefined;
  }
}

function checksum({ format, cluster, memberId }: Identity & { readonly format: number }): string {
  // Nothing else, and always in this order.
  return crc32(JSON.stringify({ format, cluster, memberId })).toString(16).padStart(8, '0');
}
