import path from 'node:path';
import { SingleBar } from 'cli-progress';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { verifySnapshot, type Snapshot } from '../../../contract/src/snapshot-file.ts';
import { SLOT_MARGIN } from '../../../contract/src/snapshot.ts';
import { clusterFlag } from '../local/cluster-flag.ts';
import { FirstConfigurationFile } from '../local/first-configuration-file.ts';
import { keepNewest, keptName, removeLeft } from '../local/kept-snapshots.ts';
import { isBlank, NotBlankError, placeSnapshot } from '../local/restore.ts';
import { saveSnapshot } from '../local/snapshot-save.ts';
import { tryRestore } from '../local/trial.ts';
import { Workspace } from '../local/workspace.ts';
import type { SnapshotPlace } from '../places/place.ts';
import { placeOf, shelfOf } from '../places/place-of.ts';
import { isS3Address } from '../places/s3-address.ts';
import { CommandError } from './command-error.ts';
import { interruption } from './interruption.ts';
import { knownMemberOf } from './member-of.ts';
import { ANSWER_MS, print, withAnyClient, withClient, type SessionOptions } from './session.ts';
import { explained, size, summary, table } from './snapshot-text.ts';

/** So long nothing may come of S3, where no option says it. */
const QUIET_MS = 30_000;

export interface SaveCommandOptions extends SessionOptions {
  readonly member?: string;
  readonly local?: true;
  readonly force?: true;
  readonly timeout: number;
}

export interface KeepOptions extends SessionOptions {
  readonly last: number;
  readonly timeout: number;
}

export interface FileOptions {
  readonly output: 'text' | 'json';
}

export interface VerifyOptions extends FileOptions {
  readonly restore?: true;
}

export interface RestoreOptions extends FileOptions {
  readonly data?: string;
  readonly ifBlank?: true;
  readonly cluster: string;
  readonly nodes: number;
}

/** Saves a snapshot of a cluster that runs. */
export async function save(file: string, options: SaveCommandOptions): Promise<void> {
  const signal = interruption();
  const place = await explained(file, placeOf(file, { ...given(options), signal }));
  const snapshot = await saveShown(place, options, signal);
  print(options, summary(file, snapshot), () => saved(file, snapshot));
}

/** Saves one, tries it, and removes older ones than the newest that are kept with it. */
export async function keep(where: string, options: KeepOptions): Promise<void> {
  const { cluster, last } = options;
  const signal = interruption();
  const shelf = await explained(where, shelfOf(where, { ...given(options), signal }));
  const name = keptName(cluster, new Date());
  const place = shelf.place(name);
  const left = await explained(where, removeLeft(shelf, cluster));
  const before = await explained(where, shelf.names());
  const check = (file: string): Promise<void> => tryRestore(file, { signal });
  const snapshot = await saveShown(place, options, signal, check);
  const newest = { name, header: snapshot.header };
  const kept = await explained(where, keepNewest(shelf, newest, last, before)).catch(
    (error: unknown) => {
      const reason = error instanceof CommandError ? error.message : String(error);
      const why = signal.aborted ? 'It was interrupted.' : reason;
      const text = `${saved(place.address, snapshot)} ${TRIED} Older ones were not tidied: ${why}`;
      throw new CommandError(text, exitCodes.io);
    },
  );
  const { whole, damaged } = kept;
  const removed = [...left, ...kept.removed];
  for (const { name, why } of damaged) {
    process.stderr.write(`${shelf.addressOf(name)}: ${why} It is not counted, and stays.\n`);
  }
  const gone = removed.length === 0 ? 'none was removed' : `removed: ${removed.join(', ')}`;
  print(
    options,
    { ...summary(place.address, snapshot), ...kept, removed },
    () => `${saved(place.address, snapshot)} ${TRIED} Whole ones there: ${whole.length}; ${gone}.`,
  );
}

/** Of what was given, what is for the place. */
function given({ timeout, force }: { timeout: number; force?: true }) {
  return { timeoutMs: timeout * 1000, ...(force && { force }) };
}

function saved(file: string, { header: { slot, name }, bytes }: Snapshot): string {
  return `${file}: slot ${slot}, ${size(bytes)}, of ${name}. It was checked.`;
}

const TRIED = 'A throw-away member began with it.';

async function saveShown(
  place: SnapshotPlace,
  options: SaveCommandOptions,
  signal: AbortSignal,
  check?: (file: string) => Promise<void>,
): Promise<Snapshot> {
  const { member, local = false, force = false, timeout } = options;
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
  // What runs unattended waits for members that come up as long as it may.
  const ask = check === undefined ? withClient : withAnyClient;
  return ask(options, async (client) => {
    const found = member === undefined ? [] : await client.admin.status({ waitMs: ANSWER_MS });
    const only = member === undefined ? {} : { member: knownMemberOf(member, found) };
    const saving = place.save((file) =>
      saveSnapshot(client.admin, {
        ...{ file, force, local, signal, ...only, ...(check && { check }) },
        timeoutMs: timeout * 1000,
        progress: draw,
        say: (what) => void process.stderr.write(`${what}\n`),
      }).finally(() => bar.stop()),
    );
    return explained(place.address, saving);
  });
}

/** Reads and checks all of a snapshot; with `restore`, a member begins with it. */
export async function verify(file: string, options: VerifyOptions): Promise<void> {
  const { restore = false } = options;
  const signal = restore ? interruption() : reading(file);
  const snapshot = await explained(file, async () => {
    const place = await placeOf(file, { timeoutMs: QUIET_MS, signal });
    if (!restore) return place.verify();
    return place.use(async (local) => {
      const found = verifySnapshot(local);
      await tryRestore(local, { signal });
      return found;
    });
  });
  const { bytes, hash } = snapshot;
  const tried = restore ? ` ${TRIED}` : '';
  print(
    options,
    { ...summary(file, snapshot), ...(restore && { restored: true }) },
    () => `${file} is whole: ${size(bytes)}, SHA-256 ${hash}.${tried}`,
  );
}

/**
 * For what leaves nothing behind. A file is read without a look at anything else in between: a
 * signal ends that by itself.
 */
function reading(file: string): AbortSignal {
  return isS3Address(file) ? interruption() : new AbortController().signal;
}

/** The same, and shows what it says of itself. */
export async function inspect(file: string, options: FileOptions): Promise<void> {
  const snapshot = await explained(file, async () => {
    const place = await placeOf(file, { timeoutMs: QUIET_MS, signal: reading(file) });
    return place.verify();
  });
  print(options, summary(file, snapshot), () => table(snapshot));
}

/** Puts a snapshot into the data folders of members that begin a new cluster with it. */
export async function restore(file: string, options: RestoreOptions): Promise<void> {
  const { data, cluster, nodes } = options;
  if (data === '') throw new CommandError('--data names no folder.', exitCodes.usage);
  const folder = new Workspace('.').dataOf(cluster);
  const folders =
    data === undefined
      ? Array.from({ length: nodes }, (_, i) => path.join(folder, `n${i}`))
      : [data];
  const used = await explained(file, () => folders.find((each) => !isBlank(each)));
  if (options.ifBlank && used !== undefined) {
    const text = `${used} has something in it already: nothing was restored.`;
    print(options, { file, folders: [] }, () => text);
    return;
  }
  const snapshot = await explained(file, async () => {
    if (data === undefined && new FirstConfigurationFile(folder).read() !== undefined) {
      throw new NotBlankError(folder);
    }
    const place = await placeOf(file, { timeoutMs: QUIET_MS, signal: reading(file) });
    return place.use((local) => placeSnapshot(local, folders));
  });
  const { slot } = snapshot.header;
  const where = clusterFlag(cluster);
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
