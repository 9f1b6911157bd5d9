import path from 'node:path';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import {
  SnapshotError,
  verifySnapshot,
  type Snapshot,
} from '../../../contract/src/snapshot-file.ts';
import { SLOT_MARGIN } from '../../../contract/src/snapshot.ts';
import { DEFAULT_CLUSTER } from '../local/default-cluster.ts';
import { FirstConfigurationFile } from '../local/first-configuration-file.ts';
import { NotBlankError, placeSnapshot } from '../local/restore.ts';
import { InterruptedError, saveSnapshot } from '../local/snapshot-save.ts';
import { FileExistsError } from '../local/unfinished-file.ts';
import { Workspace } from '../local/workspace.ts';
import { CommandError } from './command-error.ts';
import { memberOf } from './member-of.ts';
import { ANSWER_MS, print, withClient, type SessionOptions } from './session.ts';

export interface SaveCommandOptions extends SessionOptions {
  readonly member?: string;
  readonly local?: true;
  readonly force?: true;
  readonly timeout: number;
}

export interface FileOptions {
  readonly output: 'text' | 'json';
}

export interface RestoreOptions extends FileOptions {
  readonly data?: string;
  readonly cluster: string;
  readonly nodes: number;
}

/** Saves a snapshot of a cluster that runs. */
export async function save(file: string, options: SaveCommandOptions): Promise<void> {
  const { member, local = false, force = false, timeout } = options;
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupt.abort()); // What is not whole is not left behind.
  }
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {done} of about {all}',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
    hideCursor: true,
  });
  const draw = (bytes: number, of: number): void => {
    const shown = { done: size(bytes), all: size(of) };
    if (!bar.isActive) bar.start(of, 0, shown);
    bar.setTotal(of);
    bar.update(bytes, shown);
  };
  await withClient(options, async (client) => {
    const found = member === undefined ? [] : await client.status({ waitMs: ANSWER_MS });
    const only = member === undefined ? {} : { member: memberOf(member, found) };
    const saved = saveSnapshot(client, {
      ...{ file, force, local, ...only },
      timeoutMs: timeout * 1000,
      signal: interrupt.signal,
      progress: draw,
      say: (what) => void process.stderr.write(`${what}\n`),
    });
    const snapshot = await explained(file, saved).finally(() => bar.stop());
    const { slot, name } = snapshot.header;
    print(
      options,
      summary(file, snapshot),
      () => `${file}: slot ${slot}, ${size(snapshot.bytes)}, of ${name}. It was checked.`,
    );
  });
}

/** Reads and checks all of a snapshot's file. */
export async function verify(file: string, options: FileOptions): Promise<void> {
  const snapshot = await explained(file, () => verifySnapshot(file));
  print(
    options,
    summary(file, snapshot),
    () => `${file} is whole: ${size(snapshot.bytes)}, SHA-256 ${snapshot.hash}.`,
  );
}

/** The same, and shows what it says of itself. */
export async function inspect(file: string, options: FileOptions): Promise<void> {
  const snapshot = await explained(file, () => verifySnapshot(file));
  print(options, summary(file, snapshot), () => table(snapshot));
}

/** Puts a snapshot into the data folders of members that begin a new cluster with it. */
export async function restore(file: string, options: RestoreOptions): Promise<void> {
  const { data, cluster, nodes } = options;
  const folder = new Workspace('.').dataOf(cluster);
  const folders =
    data === undefined
      ? Array.from({ length: nodes }, (_, i) => path.join(folder, `n${i}`))
      : [data];
  const snapshot = await explained(file, () => {
    if (data === undefined && new FirstConfigurationFile(folder).read() !== undefined) {
      throw new NotBlankError(folder);
    }
    return placeSnapshot(file, folders);
  });
  const { slot } = snapshot.header;
  const where = cluster === DEFAULT_CLUSTER ? '' : ` --cluster ${cluster}`;
  const then =
    data === undefined
      ? `Start it with "synod up${where}${nodes === 3 ? '' : ` --nodes ${nodes}`}".`
      : 'Do the same for the other members of the new cluster, then start them.';
  print(
    options,
    { ...summary(file, snapshot), folders, firstSlot: slot + SLOT_MARGIN },
    () =>
      `${folders.join(', ')}: a new cluster begins with what slot ${slot} had, and its slots ` +
      `with ${slot + SLOT_MARGIN}. ${then}`,
  );
}

/** @throws CommandError */
async function explained<T>(file: string, work: Promise<T> | (() => T)): Promise<T> {
  try {
    return await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof SnapshotError) {
      throw new CommandError(`${file}: ${error.message}`, exitCodes.dataRefused);
    }
    if (error instanceof NotBlankError) {
      throw new CommandError(error.message, exitCodes.dataRefused);
    }
    if (error instanceof FileExistsError) throw new CommandError(error.message, exitCodes.usage);
    if (error instanceof InterruptedError) throw new CommandError(error.message, exitCodes.failed);
    if (error instanceof Error && 'syscall' in error) {
      throw new CommandError(`${file}: ${error.message}.`, exitCodes.io);
    }
    throw error;
  }
}

function summary(file: string, { header, hash, bytes, tables }: Snapshot) {
  const { namespace, cluster, clusterId, machine, slot, name, member, time, version } = header;
  const from = { namespace, cluster, clusterId, member, name, time, version };
  return { file, slot, hash, bytes, machine, tables, ...from };
}

function table({ header, hash, bytes, tables }: Snapshot): string {
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

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length, Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(1)} ${units[power - 1] ?? ''}`;
}
