import { SESSIONS } from '../machine/sessions.ts';
import type { HeardEnds } from '../paxos/log-end.ts';
import type { OpeningMachine, TablesOptions } from './checked-tables.ts';
import type { DamageError } from './damage.ts';
import type { LogFolder } from './log-folder.ts';
import { openSegmentLog } from './log-opening.ts';
import type { OpenedLog } from './log.ts';
import { hasRun } from './member-log.ts';
import type { SegmentLogOptions } from './segment-log.ts';
import { isOfState } from './state-files.ts';
import type { StateStore } from './state.ts';

/** All that a member has on disk, open. */
export interface MemberStorage {
  readonly opened: OpenedLog;
  readonly state: StateStore;
  close(): Promise<void>;
}

export interface MemberStorageOptions extends Omit<SegmentLogOptions, 'state'> {
  /** Of the log. */
  readonly folder: LogFolder;
  readonly openState: (options: TablesOptions) => StateStore;
  readonly machine: OpeningMachine;
  /** The state was set aside: it begins anew. */
  readonly anew: boolean;
  /** What the member had heard of the others before: it goes on to be their witness. */
  readonly heard: HeardEnds;
  /** Moves a damaged state away, so that it comes anew; without it, the damage is thrown. */
  readonly setAside: ((damage: DamageError) => void) | undefined;
}

/**
 * Opens the state, and the log from where the state ends. Each is a witness of the other: see
 * ARCHITECTURE.md.
 * @throws DamageError, ForeignDataError, FormatError, MachineError
 */
export function openMemberStorage(options: MemberStorageOptions): MemberStorage {
  const { folder, memberId, anew, heard, setAside } = options;
  const mustExist = hasRun(folder, memberId);
  try {
    return open(options, anew ? { anew, heard } : { mustExist });
  } catch (error) {
    const isState = error instanceof Error && isOfState(error);
    if (!isState || setAside === undefined) throw error;
    setAside(error);
    return open(options, { anew: true, heard });
  }
}

function open(
  { openState, ...options }: MemberStorageOptions,
  how: Pick<TablesOptions, 'mustExist' | 'anew' | 'heard'>,
): MemberStorage {
  const { clusterId, memberId, machine } = options;
  const state = openState({ clusterId, memberId, machine, proven: [SESSIONS], ...how });
  try {
    const opened = openSegmentLog({ ...options, state: state.facts });
    const close = async (): Promise<void> => {
      try {
        await opened.log.close();
      } finally {
        await state.close();
      }
    };
    return { opened, state, close };
  } catch (error) {
    void state.close();
    throw error;
  }
}
