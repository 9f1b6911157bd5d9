import fs from 'node:fs';
import path from 'node:path';
import { DamageError } from './damage.ts';
import type { Digest } from './digest.ts';
import { DiskError } from './disk-error.ts';
import { syncFolder } from './folder.ts';
import { checkPages } from './lmdb-pages.ts';
import { isTaken } from './regular-file.ts';
import {
  lockOf,
  removeIncoming,
  removeLock,
  removeOrMove,
  STATE_FILE,
  VERIFIED,
} from './state-files.ts';

/** Told what was in the way beside the state, and is out of it: the state itself is as it was. */
export type CleanedUp = (damage: DamageError) => void;

/** The own state, until the copy that has its place was opened. */
const REPLACED = 'state.replaced.mdb';

/** A copy of another member's state has the place of the own one, and was not opened there yet. */
export class Swap {
  readonly #folder: string;
  /** What the entries of the copy come to, when its pages have just been checked. */
  readonly found: Digest | undefined;

  constructor(folder: string, found?: Digest) {
    this.#folder = folder;
    this.found = found;
  }

  /** Whether there was a state before. */
  get hadState(): boolean {
    return isTaken(path.join(this.#folder, REPLACED));
  }

  /** The copy is the state: what was there before goes. */
  settle(): void {
    if (this.hadState) removeOrMove(this.#folder, REPLACED);
  }

  /** The copy cannot be opened: both have the names that they had. */
  undo(): void {
    const { hadState } = this;
    rename(this.#folder, STATE_FILE, VERIFIED);
    if (hadState) rename(this.#folder, REPLACED, STATE_FILE);
  }

  /** The same, of a copy that is damaged: it goes. @returns the damage, as of the copy */
  reject({ record, reason }: DamageError): DamageError {
    this.undo();
    removeOrMove(this.#folder, VERIFIED);
    return new DamageError(VERIFIED, record, reason);
  }
}

/**
 * Before a state is opened: a copy of another member's that was not finished goes; one that was
 * takes the place of the own one, once all of its pages are checked. A bad one does not: the own
 * state may be well. Whoever opens the copy settles the swap then, or undoes it.
 * @param cleanedUp without it, what is in the way is thrown, and left alone
 * @throws DamageError, DiskError
 */
export function swapIn(folder: string, cleanedUp?: CleanedUp): Swap | undefined {
  removeIncoming(folder);
  const state = path.join(folder, STATE_FILE);
  const replaced = path.join(folder, REPLACED);
  // A process ended between the two names.
  if (isTaken(replaced) && !isTaken(state)) rename(folder, REPLACED, STATE_FILE);
  const lock = path.basename(lockOf(state));
  cleaned(folder, lock, cleanedUp, () => removeLock(state));
  if (isTaken(replaced)) return new Swap(folder);
  const verified = path.join(folder, VERIFIED);
  if (!isTaken(verified)) return undefined;
  const found = cleaned(folder, VERIFIED, cleanedUp, () => checkVerified(verified));
  if (found === undefined) return undefined;
  if (isTaken(state)) rename(folder, STATE_FILE, REPLACED);
  rename(folder, VERIFIED, STATE_FILE);
  return new Swap(folder, found);
}

function rename(folder: string, from: string, to: string): void {
  try {
    fs.renameSync(path.join(folder, from), path.join(folder, to));
  } catch (error) {
    throw new DiskError(path.join(folder, from), 'renamed', error);
  }
  syncFolder(folder);
}

/** What it throws as damage is of the file of that name, which goes. */
function cleaned<T>(
  folder: string,
  name: string,
  cleanedUp: CleanedUp | undefined,
  check: () => T,
): T | undefined {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    const damage = new DamageError(name, error.record, error.reason);
    if (cleanedUp === undefined) throw damage;
    removeOrMove(folder, name);
    cleanedUp(damage);
    return undefined;
  }
}

function checkVerified(file: string): Digest {
  const found = checkPages(file);
  if (found === undefined) throw new DamageError(VERIFIED, 'the file', 'it is empty');
  return found;
}
