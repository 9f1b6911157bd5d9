import fs from 'node:fs';
import path from 'node:path';
import { isNativeError } from 'node:util/types';
import { SnapshotError, verifySnapshot } from '../../../contract/src/snapshot-file.ts';
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
  /** Those that are not, and why: they count for nothing, and stay. */
  readonly damaged: readonly { readonly name: string; readonly why: string }[];
  readonly removed: readonly string[];
}

/**
 * Keeps the newest whole snapshots of a cluster, and removes the whole ones that are older, once
 * each was read and checked.
 * @param newest the one that was just saved: it stays, whatever the clock said
 * @throws SnapshotError when that one is not whole, or what the system says: nothing was removed
 */
export function keepNewest(
  folder: string,
  cluster: string,
  newest: string,
  count: number,
): KeptSnapshots {
  verifySnapshot(path.join(folder, newest));
  const names = fs.readdirSync(folder);
  const others = names.filter((name) => name !== newest && isKept(name, cluster));
  const whole = [newest];
  const damaged: { name: string; why: string }[] = [];
  for (const name of others.sort().reverse()) {
    const why = damageOf(path.join(folder, name));
    if (why === undefined) whole.push(name);
    else damaged.push({ name, why });
  }
  const removed = whole.splice(count);
  removed.push(...names.filter((name) => isLeft(folder, name, cluster)));
  for (const name of removed) fs.rmSync(path.join(folder, name));
  return { whole, damaged, removed };
}

/** @returns `undefined` when the snapshot is whole; or a sentence */
function damageOf(file: string): string | undefined {
  try {
    verifySnapshot(file);
    return undefined;
  } catch (error) {
    if (error instanceof SnapshotError) return error.message;
    if (isNativeError(error) && 'syscall' in error) return `It cannot be read: ${error.message}.`;
    throw error;
  }
}

/** Who saved it was killed in the middle, long ago. */
function isLeft(folder: string, name: string, cluster: string): boolean {
  if (!isUnfinishedOf(name, (target) => isKept(target, cluster))) return false;
  return Date.now() - fs.statSync(path.join(folder, name)).mtimeMs > LEFT_MS;
}
