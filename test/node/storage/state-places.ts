import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TablesOptions } from '../../../node/src/storage/checked-tables.ts';
import type { Entry } from '../../../node/src/storage/entry.ts';
import { LmdbFile } from '../../../node/src/storage/lmdb-file.ts';
import { openLmdbState } from '../../../node/src/storage/lmdb-state.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';
import type { RawFile } from '../../../node/src/storage/raw-file.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';

/** A place for a state, and how a new process opens it. */
export interface StatePlace {
  open(options?: Partial<TablesOptions>): StateStore;
  /** Changes what is stored behind the state's back, while it is not open. */
  tamper(change: (raw: RawFile) => readonly Entry[]): Promise<void>;
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
    open: (options) => openLmdbState({ folder, ...ids, ...options }),
    tamper: async (change) => {
      const raw = new LmdbFile(folder);
      raw.writeNow(change(raw));
      await raw.close();
    },
    names: () => readdirSync(folder).filter((name) => !name.endsWith('-lock')),
    clean: () => rmSync(folder, { recursive: true }),
  };
}

export function memoryPlace(): StatePlace {
  const disk = new MemoryStateDisk();
  return {
    open: (options) => {
      return openMemoryState(new MemoryFile(disk, setImmediate), { ...ids, ...options });
    },
    tamper: async (change) => {
      const raw = new MemoryFile(disk, setImmediate);
      raw.writeNow(change(raw));
    },
    clean: () => undefined,
  };
}
