import fs from 'node:fs';
import path from 'node:path';
import { DamageError } from './damage.ts';
import type { Digest } from './digest.ts';
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

/**
 * Before a state is opened: a copy of another member's that was not finished goes; one that was
 * takes the place of the own one, once all of its pages are checked. A bad one does not: the own
 * state may be well.
 * @param cleanedUp without it, what is in the way is thrown, and left alone
 * @returns what the entries of the copy come to, when it is the state now
 * @throws DamageError, DiskError
 */
export function swapIn(folder: string, cleanedUp?: CleanedUp): Digest | undefined {
  removeIncoming(folder);
  const state = path.join(folder, STATE_FILE);
  const lock = path.basename(lockOf(state));
  cleaned(folder, lock, cleanedUp, () => removeLock(state));
  const verified = path.join(folder, VERIFIED);
  if (!isTaken(verified)) return undefined;
  const found = cleaned(folder, VERIFIED, cleanedUp, () => checkVerified(verified));
  if (found === undefined) return undefined;
  fs.renameSync(verified, state);
  syncFolder(folder);
  return found;
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
