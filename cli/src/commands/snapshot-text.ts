import Table from 'cli-table3';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { SnapshotError, type Snapshot } from '../../../contract/src/snapshot-file.ts';
import { InterruptedError } from '../local/interrupted-error.ts';
import { NotBlankError } from '../local/restore.ts';
import { ScratchError } from '../local/scratch.ts';
import { TrialError } from '../local/trial.ts';
import { FileExistsError, UnwritableError } from '../local/unfinished-file.ts';
import { UncheckedError } from '../places/place.ts';
import { S3AddressError } from '../places/s3-address.ts';
import { S3Error } from '../places/s3-error.ts';
import { CommandError } from './command-error.ts';

/* What `synod snapshot` says of snapshots, and of what went wrong with them. */

/** What says itself of which file or object it is. */
const ofDisk = [S3Error, UncheckedError, UnwritableError, ScratchError];

/** What became of the work on a snapshot's file. @throws CommandError */
export async function explained<T>(file: string, work: Promise<T> | (() => T)): Promise<T> {
  try {
    return await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof SnapshotError) {
      throw new CommandError(`${file}: ${error.message}`, exitCodes.dataRefused);
    }
    if (error instanceof NotBlankError) {
      throw new CommandError(error.message, exitCodes.dataRefused);
    }
    if (ofDisk.some((kind) => error instanceof kind)) {
      throw new CommandError((error as Error).message, exitCodes.io);
    }
    if (error instanceof S3AddressError) throw new CommandError(error.message, exitCodes.usage);
    if (error instanceof FileExistsError) throw new CommandError(error.message, exitCodes.usage);
    if (error instanceof InterruptedError) throw new CommandError(error.message, exitCodes.failed);
    if (error instanceof TrialError) {
      throw new CommandError(`${file}: ${error.message}`, error.exitCode);
    }
    if (error instanceof Error && 'syscall' in error) {
      throw new CommandError(`${file}: ${error.message}.`, exitCodes.io);
    }
    throw error;
  }
}

/** As JSON has it. */
export function summary(file: string, { header, hash, bytes, tables }: Snapshot) {
  const { namespace, cluster, clusterId, machine, slot, name, member, time, version } = header;
  const from = { namespace, cluster, clusterId, member, name, time, version };
  return { file, slot, hash, bytes, machine, tables, ...from };
}

/** For a person. */
export function table({ header, hash, bytes, tables }: Snapshot): string {
  const { namespace, cluster, clusterId, machine, slot, name, member, time, version } = header;
  const entries = Object.entries(tables).map(([table, count]) => `${count} in ${table}`);
  const rows = {
    slot,
    'SHA-256': hash,
    size: size(bytes),
    entries: entries.join(', ') || 'none',
    machine: `${machine.name}, version ${machine.version}`,
    cluster: `${namespace}/${cluster}, id ${clusterId}`,
    member: `${name}, id ${member}`,
    made: `${time}, by Synod ${version}`,
  };
  const shown = new Table({ style: { head: [], border: [] } });
  for (const [what, value] of Object.entries(rows)) shown.push([what, String(value)]);
  return shown.toString();
}

export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1] ?? ''}`;
}
