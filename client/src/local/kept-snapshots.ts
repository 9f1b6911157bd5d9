import fs from 'node:fs';
import path from 'node:path';
import { isNativeError } from 'node:util/types';
import {
  SnapshotError,
  verifySnapshot,
  type SnapshotHeader,
} from '../../../contract/src/snapshot-file.ts';
import { isUnfinishedOf } from './unfinished-file.ts';

/*
 * A folder in which the newest snapshots of a cluster are kept. By its name a file is one of them;
 * nothing else there is looked at, or removed.
 */

const SUFFIX = '.snapshot';
const timePattern = /^\d{8}T\d{6}Z$/;
/** Whoever writes to what is not finished yet has written by then. */
const LEFT_MS = 24 * 60 * 60 * 1000;

/** Like `orders-20261129T020000Z.snapshot`: in their order, the names are in the order of time. */
export function keptName(cluster: string, time: Date): string {
  const digits = time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  return `${cluster}-${digits}Z${SUFFIX}`;
}

function isKept(name: string, cluster: string): boolean {
  const prefix = `${cluster}-`;
  if (!name.startsWith(prefix) || !name.endsWith(SUFFIX)) return false;
  return timePattern.test(name.slice(prefix.length, -SUFFIX.length));
}

export interface KeptSnapshots {
  /** Those that are whole and stay, the newest first. */
  readonly whole: readonly string[];
  /** Those that are not, or are of another cluster, and why: they count for nothing, and stay. */
  readonly damaged: readonly LeftSnapshot[];
  readonly removed: readonly string[];
}

export interface LeftSnapshot {
  readonly name: string;
  /** A sentence. */
  readonly why: string;
}

/** Whose it is, and how new. */
type Header = Pick<SnapshotHeader, 'namespace' | 'cluster' | 'clusterId' | 'slot'>;

/** What is in the folder before another one is saved there: nothing else is ever removed. */
export function namesIn(folder: string): string[] {
  return fs.readdirSync(folder);
}

/**
 * Keeps the newest whole snapshots of a cluster, and removes the whole ones that are older, once
 * each was read and checked.
 * @param newest the one that was just saved: it stays, whatever the clock said
 * @param before what was there when that was begun: what others save meanwhile is theirs, and two
 *   at once do not remove one another's
 * @throws SnapshotError when that one is not whole, or what the system says: nothing was removed
 */
export function keepNewest(
  folder: string,
  cluster: string,
  newest: string,
  count: number,
  before: readonly string[],
): KeptSnapshots {
  const own = verifySnapshot(path.join(folder, newest)).header;
  const found: { readonly name: string; readonly header: Header }[] = [];
  const damaged: LeftSnapshot[] = [];
  for (const name of before.filter((each) => each !== newest && isKept(each, cluster)).sort()) {
    const header = headerOf(path.join(folder, name), own);
    if (typeof header === 'string') damaged.unshift({ name, why: header });
    else if (header !== undefined) found.push({ name, header });
  }
  // By their slots, as a clock may have been wrong; those of an earlier cluster of that name last.
  const rank = ({ clusterId, slot }: Header): number => (clusterId === own.clusterId ? slot : -1);
  found.sort((a, b) => rank(b.header) - rank(a.header) || (a.name < b.name ? 1 : -1));
  const whole = [newest, ...found.map(({ name }) => name)];
  const removed = whole.splice(count);
  removed.push(...before.filter((name) => isLeft(folder, name, cluster)));
  // Another one may have removed it meanwhile.
  for (const name of removed) fs.rmSync(path.join(folder, name), { force: true });
  return { whole, damaged, removed };
}

/** @returns a sentence when it does not count; `undefined` when it is there no more */
function headerOf(file: string, own: Header): Header | string | undefined {
  try {
    const { header } = verifySnapshot(file);
    const { namespace, cluster } = header;
    if (namespace === own.namespace && cluster === own.cluster) return header;
    return `It is of the cluster ${cluster} in the namespace ${namespace}.`;
  } catch (error) {
    if (error instanceof SnapshotError) return error.message;
    if (!isNativeError(error) || !('syscall' in error)) throw error;
    const isGone = 'code' in error && error.code === 'ENOENT';
    return isGone ? undefined : `It cannot be read: ${error.message}.`;
  }
}

/** Who saved it was killed in the middle, long ago. */
function isLeft(folder: string, name: string, cluster: string): boolean {
  if (!isUnfinishedOf(name, (target) => isKept(target, cluster))) return false;
  const found = fs.lstatSync(path.join(folder, name), { throwIfNoEntry: false });
  return found?.isFile() === true && Date.now() - found.mtimeMs > LEFT_MS;
}
