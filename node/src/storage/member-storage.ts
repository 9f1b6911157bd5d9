import path from 'node:path';
import { DamageError } from './damage.ts';
import { DiskFolder } from './disk-folder.ts';
import { openLmdbState, type LmdbStateOptions } from './lmdb-state.ts';
import type { OpenedLog } from './log.ts';
import { openSegmentLog } from './log-opening.ts';
import { isOfState } from './state-files.ts';
import type { StateStore } from './state.ts';

const SEGMENT_BYTES = 64 * 1024 * 1024;

/** All that a member has on disk, open. */
export interface MemberStorage {
  readonly opened: OpenedLog;
  readonly state: StateStore;
  close(): Promise<void>;
}

export interface MemberStorageOptions extends LmdbStateOptions {
  /** Bytes of the log that are kept for members that are behind. */
  readonly keepBytes: number;
  /** Moves a damaged state away, so that it comes anew; without it, the damage is thrown. */
  readonly setAside: ((damage: DamageError) => void) | undefined;
}

/**
 * Opens the state, and the log from where the state ends.
 * @throws DamageError, ForeignDataError, FormatError
 */
export function openMemberStorage(options: MemberStorageOptions): MemberStorage {
  const { folder, clusterId, memberId, keepBytes, setAside } = options;
  const ids = { clusterId, memberId };
  const state = openState({ folder, ...ids }, setAside);
  const slotOut = state.flushedSlotOut;
  const logFolder = new DiskFolder(path.join(folder, 'log'));
  const segmentBytes = Math.min(keepBytes / 4, SEGMENT_BYTES);
  const opened = openSegmentLog({ folder: logFolder, ...ids, slotOut, keepBytes, segmentBytes });
  const close = async (): Promise<void> => {
    await opened.log.close();
    await state.close();
  };
  return { opened, state, close };
}

function openState(
  options: LmdbStateOptions,
  setAside: MemberStorageOptions['setAside'],
): StateStore {
  try {
    return openLmdbState(options);
  } catch (error) {
    const isState = error instanceof DamageError && isOfState(error);
    if (!isState || setAside === undefined) throw error;
    setAside(error);
    return openLmdbState(options);
  }
}
