import path from 'node:path';
import { CheckedTables, type TablesOptions } from './checked-tables.ts';
import { DamageError } from './damage.ts';
import type { Digest } from './digest.ts';
import { LmdbFile } from './lmdb-file.ts';
import { OverlayState } from './overlay-state.ts';
import { isTaken } from './regular-file.ts';
import { STATE_FILE } from './state-files.ts';
import { swapIn, type CleanedUp, type Swap } from './state-swap.ts';
import type { StateStore } from './state.ts';

export interface LmdbStateOptions extends TablesOptions {
  readonly folder: string;
  /** Without it, what is in the way beside the state is damage. */
  readonly cleanedUp?: CleanedUp | undefined;
}

/**
 * Opens the state in a folder, once all of its file has been read and what LMDB trusts in it is
 * well; makes it when there is none, and there may be none. A copy of another member's state that
 * waits there is opened in its place, if it can be.
 * @throws DamageError, FormatError, ForeignDataError, MachineError — then nothing was changed
 */
export function openLmdbState(options: LmdbStateOptions): StateStore {
  const { folder, mustExist, cleanedUp } = options;
  const swap = swapIn(folder, cleanedUp);
  if (mustExist === true && !isTaken(path.join(folder, STATE_FILE))) {
    throw new DamageError(STATE_FILE, 'the file', 'it is missing');
  }
  return swap === undefined ? openFile(options) : openCopy(swap, options);
}

function openCopy(swap: Swap, options: LmdbStateOptions): StateStore {
  const { cleanedUp } = options;
  try {
    const state = openFile(options, swap.found);
    swap.settle();
    return state;
  } catch (error) {
    if (!(error instanceof DamageError)) {
      swap.undo();
      throw error;
    }
    // Without another one it is the state, and its damage that of the state.
    if (!swap.hadState || cleanedUp === undefined) throw error;
    cleanedUp(swap.reject(error));
    return openFile(options);
  }
}

function openFile(options: LmdbStateOptions, checked?: Digest): StateStore {
  const raw = new LmdbFile(options.folder, checked);
  try {
    return new OverlayState(new CheckedTables(raw, options));
  } catch (error) {
    void raw.close();
    throw error;
  }
}
