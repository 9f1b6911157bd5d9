import { exitCodes } from '../../contract/src/error-codes.ts';
import { FolderError } from '../../host/src/folder.ts';
import { HttpListenError } from '../../host/src/http-server.ts';
import { InvariantViolation } from './paxos/invariant.ts';
import { ScriptListenError } from './service/script-port.ts';
import { DamageError } from './storage/damage.ts';
import { NotADataFolderError } from './storage/data-folder.ts';
import { DiskError, remedyOf } from './storage/disk-error.ts';
import { AnotherClusterError } from './storage/first-configuration-file.ts';
import { FolderInUseError } from './storage/folder-lock.ts';
import { ForeignDataError, FormatError } from './storage/format-error.ts';
import { LockError } from './storage/lock-file.ts';
import { MachineError } from './storage/machine-error.ts';

/* How a process of the node ends, by what ended it. */

const refusals = [
  AnotherClusterError,
  DamageError, // Of what a member has not begun with: else it runs without roles.
  FolderError,
  FolderInUseError,
  ForeignDataError,
  FormatError,
  LockError,
  MachineError,
  NotADataFolderError,
];

export function exitCodeOf(error: unknown): number {
  if (error instanceof InvariantViolation) return exitCodes.invariant;
  if (refusals.some((refusal) => error instanceof refusal)) return exitCodes.dataRefused;
  if (error instanceof HttpListenError || error instanceof ScriptListenError) {
    return exitCodes.unavailable;
  }
  // What the system refused while the data folder was opened comes as it is.
  if (error instanceof DiskError || (error instanceof Error && 'syscall' in error)) {
    return exitCodes.io;
  }
  return exitCodes.failed;
}

export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const remedy = error instanceof DiskError ? undefined : remedyOf(error);
  return remedy === undefined ? error.message : `${error.message}. ${remedy}`;
}
