import { CheckedTables, type TablesOptions } from './checked-tables.ts';
import type { MemoryFile } from './memory-file.ts';
import { OverlayState } from './overlay-state.ts';
import type { StateStore } from './state.ts';

/** Opens the state in a file in memory. @throws as `openLmdbState` */
export function openMemoryState(file: MemoryFile, options: TablesOptions): StateStore {
  return new OverlayState(new CheckedTables(file, options));
}
