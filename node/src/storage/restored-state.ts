import fs from 'node:fs';
import path from 'node:path';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import {
  readSnapshot,
  SnapshotError,
  verifySnapshot,
  type Snapshot,
  type SnapshotHeader,
} from '../../../contract/src/snapshot-file.ts';
import {
  formatSnapshot,
  isSameSnapshot,
  RESTORE_FILE,
  SLOT_MARGIN,
  type HeldSnapshot,
} from '../../../contract/src/snapshot.ts';
import { SESSIONS } from '../machine/sessions.ts';
import { DamageError } from './damage.ts';
import { Digests, entryHash, seedOfCluster } from './digest.ts';
import type { Entry } from './entry.ts';
import { makeFolder, syncFolder } from './folder.ts';
import { commit, gather } from './gathering.ts';
import { openLmdbState } from './lmdb-state.ts';
import { isTaken, openRegular } from './regular-file.ts';
import { STATE_FILE } from './state-files.ts';
import { swapIn } from './state-swap.ts';
import { tableKey } from './table-key.ts';

/*
 * The snapshot that a person put into an empty data folder, and what becomes of it once the member
 * is told the cluster that begins with it: its state, under its name only when it is whole.
 */

/** In the data folder: the state while it is made. */
const UNFINISHED = 'restoring';

/**
 * Reads and checks all of the snapshot in a data folder.
 * @returns `undefined` when there is none
 * @throws DamageError
 */
export function readHeldSnapshot(folder: string): Snapshot | undefined {
  const file = path.join(folder, RESTORE_FILE);
  if (!isTaken(file)) return undefined;
  fs.closeSync(openRegular(file, fs.constants.O_RDONLY));
  return checked(() => verifySnapshot(file));
}

function checked<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    throw new DamageError(RESTORE_FILE, 'its bytes', error.message);
  }
}

/**
 * The state is here: it is needed no more.
 * @returns whether there was one
 */
export function removeHeldSnapshot(folder: string): boolean {
  fs.rmSync(path.join(folder, UNFINISHED), { recursive: true, force: true });
  // Also what is left of a copy that was not finished.
  const left = fs.readdirSync(folder).filter((name) => name.startsWith(RESTORE_FILE));
  for (const name of left) fs.rmSync(path.join(folder, name), { force: true });
  if (left.length > 0) syncFolder(folder);
  return left.length > 0;
}

export function hasState(folder: string): boolean {
  return isTaken(path.join(folder, STATE_FILE));
}

/**
 * Why a member may not be of a cluster, in which it would vote with something else than the others
 * began with; `undefined` when it may. Whoever votes there first holds what the first
 * configuration names; a blank member may learn there.
 */
export function snapshotErrorOf(
  { snapshot, members }: FirstConfiguration,
  self: string,
  held: HeldSnapshot | undefined,
): string | undefined {
  if (isSameSnapshot(snapshot, held)) return undefined;
  if (held === undefined && !members.includes(self)) return undefined;
  return (
    `The cluster begins with ${formatSnapshot(snapshot)}, and this member holds ` +
    `${formatSnapshot(held)}: it is no voter there. Begin with an empty data folder.`
  );
}

export interface RestoredIds {
  readonly clusterId: string;
  readonly memberId: string;
}

/**
 * Makes the state of a new cluster's member of the snapshot in its data folder. No configuration
 * and no session of the old cluster is in it, and its slots go on with a margin.
 * @param snapshot as `readHeldSnapshot` has it
 * @throws DamageError, DiskError by rejection: then there is no state
 */
export async function restoreState(
  folder: string,
  ids: RestoredIds,
  snapshot: Snapshot,
): Promise<void> {
  const { slot, machine } = snapshot.header;
  const unfinished = path.join(folder, UNFINISHED);
  fs.rmSync(unfinished, { recursive: true, force: true });
  makeFolder(unfinished);
  const state = openLmdbState({ folder: unfinished, ...ids, proven: [SESSIONS] });
  try {
    const staging = state.stage();
    await gather(entriesOf(path.join(folder, RESTORE_FILE), snapshot), staging);
    const slotOut = slot + SLOT_MARGIN;
    const history = { slot: slotOut, from: slotOut, hash: 0n };
    await commit(staging, { slotOut, machine, history, digests: new Digests() });
  } finally {
    await state.close();
  }
  swapIn(unfinished)?.settle();
  fs.renameSync(path.join(unfinished, STATE_FILE), path.join(folder, STATE_FILE));
  syncFolder(folder);
}

/**
 * The entries of a snapshot that was checked before, checked again as they are used.
 * @throws DamageError with the last one: they are not what the snapshot had, or not what the state
 * had of which it was made
 */
function* entriesOf(file: string, { header, hash }: Snapshot): Generator<Entry> {
  const seed = seedOfCluster(header.clusterId);
  const found = new Digests();
  const parts = readSnapshot(file);
  for (;;) {
    const next = checked(() => parts.next());
    if (next.done === true) {
      checkHash(next.value, hash);
      checkDigests(RESTORE_FILE, header, found);
      return;
    }
    for (const { table, key, value } of next.value) {
      const whole = tableKey(table, key);
      found.replace(table, undefined, entryHash(Buffer.from(whole, 'latin1'), value, seed));
      yield [whole, value];
    }
  }
}

function checkHash(found: Snapshot, hash: string): void {
  if (found.hash === hash) return;
  throw new DamageError(RESTORE_FILE, 'its bytes', 'they changed');
}

/** @throws DamageError of `file`, whose entries are not those that the snapshot's state had */
export function checkDigests(file: string, { digests }: SnapshotHeader, found: Digests): void {
  const said = Object.entries(digests).map(
    ([table, [count, sum]]) => [table, { count, sum: BigInt(`0x${sum}`) }] as const,
  );
  const table = found.firstDifference(new Digests(said));
  if (table === undefined) return;
  throw new DamageError(file, `table ${table}`, 'it is not what the state had');
}
