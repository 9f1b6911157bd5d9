import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openLmdbState } from '../../../node/src/storage/lmdb-state.ts';
import {
  MemoryTableFile,
  MemoryTables,
  openMemoryState,
} from '../../../node/src/storage/memory-state.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';

/** A place for a state, and how a new process opens it. */
export interface StatePlace {
  open(): StateStore;
  clean(): void;
}

export interface LmdbPlace extends StatePlace {
  readonly folder: string;
  /** Of its files, but for LMDB's lock. */
  names(): string[];
}

/** Whose states they are. */
export const ids = { clusterId: 'local/test', memberId: 'a' };

export function lmdbPlace(): LmdbPlace {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-state-'));
  return {
    folder,
    open: () => openLmdbState({ folder, ...ids }),
    names: () => readdirSync(folder).filter((name) => !name.endsWith('-lock')),
    clean: () => rmSync(folder, { recursive: true }),
  };
}

export function memoryPlace(): StatePlace {
  const disk = new MemoryTables();
  return {
    open: () => openMemoryState(new MemoryTableFile(disk, setImmediate)),
    clean: () => disk.entries.clear(),
  };
}
