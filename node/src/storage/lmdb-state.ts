import path from 'node:path';
import { CheckedTables, type TablesOptions } from './checked-tables.ts';
import { DamageError } from './damage.ts';
import { LmdbFile } from './lmdb-file.ts';
import { OverlayState } from './overlay-state.ts';
import { isTaken } from './regular-file.ts';
import { STATE_FILE } from './state-files.ts';
import { swapIn, type CleanedUp } from './state-swap.ts';
import type { StateStore } from './state.ts';

export interface LmdbStateOptions extends TablesOptions {
  readonly folder: string;
  /** Without it, what is in the way beside the state is damage. */
  readonly cleanedUp?: CleanedUp | undefined;
}

/**
 * Opens the state in a folder, once all of its file has been read and what LMDB trusts in it is
 * well; makes it when there is none, and there may be none.
 * @throws DamageError, FormatError, ForeignDataError — then nothing was changed
 */
export function openLmdbState(options: LmdbStateOptions): StateStore {
  const { folder, mustExist, cleanedUp } = options;
  const swapped = swapIn(folder, cleanedUp);
  if (mustExist === true && !isTaken(path.join(folder, STATE_FILE))) {
    throw new DamageError(STATE_FILE, 'the file', 'it is missing');
  }
  const raw = new LmdbFile(folder, swapped);
  try {
    return new OverlayState(new CheckedTables(raw, options));
  } catch (error) {
    void raw.close();
    throw error;
  }
}
