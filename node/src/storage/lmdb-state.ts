import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { open as openLmdb, type RootDatabase } from 'lmdb';
import type { Slot } from '../paxos/pvalue.ts';
import { DamageError } from './damage.ts';
import { DiskError } from './disk-error.ts';
import { syncFolder } from './folder.ts';
import { ForeignDataError, FormatError } from './format-error.ts';
import { OverlayState } from './overlay-state.ts';
import type { StateSnapshot, StateStore, Staging } from './state.ts';
import type { Entry, TableKey } from './entry.ts';
import type { KeyRange, TableFile } from './table-file.ts';

export interface LmdbStateOptions {
  readonly folder: string;
  readonly clusterId: string;
  readonly memberId: string;
}

const STATE_FORMAT = 1;
const PAGE_BYTES = 4096;
/** What stands in each of its two meta pages, after the page's header. */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const FILE = 'state.mdb';
/** Begins the names of other members' states while they are gathered. */
const INCOMING = 'state.incoming';
/** Another member's state, whole and verified: it takes the place of the own one. */
const VERIFIED = 'state.verified.mdb';
const REASON_DEADLINE_MS = 1_000;
/** Sorts before every table. */
const META: TableKey = '\0meta';

/**
 * Opens the state; what it costs does not depend on how much there is.
 * @throws DamageError, FormatError, ForeignDataError — then nothing was changed
 */
export function openLmdbState(options: LmdbStateOptions): StateStore {
  swapIn(options.folder);
  return new OverlayState(new LmdbFile(options));
}

/** A state that failed its checks, and is not open, is kept under another name for a person. */
export function setStateAside(folder: string): void {
  const kept = new Set(statesSetAside(folder));
  let number = 1;
  while (kept.has(damagedName(number))) number += 1;
  renameSync(path.join(folder, FILE), path.join(folder, damagedName(number)));
  syncFolder(folder);
}

/** @returns the names of the files that `setStateAside` made, and nobody has removed */
export function statesSetAside(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^state\.damaged-\d+\.mdb$/.test(name));
}

function damagedName(number: number): string {
  return `state.damaged-${number}.mdb`;
}

/** Whether it is the state that is damaged: that costs no vote, and it can come anew. */
export function isOfState({ file }: DamageError): boolean {
  return file === FILE;
}

/** A copy that was not finished goes; one that was takes the place of the state. */
function swapIn(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith(INCOMING)) remove(folder, name);
  const verified = path.join(folder, VERIFIED);
  if (!existsSync(verified)) return;
  rmSync(path.join(folder, `${FILE}-lock`), { force: true });
  renameSync(verified, path.join(folder, FILE));
  syncFolder(folder);
}

function remove(folder: string, name: string): void {
  for (const file of [name, `${name}-lock`]) rmSync(path.join(folder, file), { force: true });
}

/** LMDB ends the process when its meta pages are none: what begins them is looked at before. */
function checkMetaPages(file: string): void {
  if (!existsSync(file)) return;
  const handle = openSync(file, 'r');
  const pages = Buffer.alloc(2 * PAGE_BYTES);
  const read = readSync(handle, pages, 0, pages.length, 0);
  closeSync(handle);
  if (read === 0) return; // A process ended while it made the file.
  for (const page of [0, PAGE_BYTES]) {
    if (read === pages.length && pages.readUInt32LE(page + MAGIC_AT) === MAGIC) continue;
    throw new DamageError(FILE, 'its meta pages', 'they are no pages of LMDB');
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function openFile(file: string, options = {}): RootDatabase<Buffer, Buffer> {
  return openLmdb<Buffer, Buffer>({
    path: file,
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    // A commit is over when it is synced, and not before.
    overlappingSync: false,
    noMemInit: false,
    ...options,
  });
}

/**
 * Tables in one LMDB database. Its pages have no checksums, so every value begins with the crc32
 * of its key and itself.
 */
class LmdbFile implements TableFile {
  readonly #options: LmdbStateOptions;
  readonly #path: string;
  readonly #db: RootDatabase<Buffer, Buffer>;
  #slotOut: Slot;
  #stagings = 0;

  constructor(options: LmdbStateOptions) {
    this.#options = options;
    this.#path = path.join(options.folder, FILE);
    checkMetaPages(this.#path);
    try {
      this.#db = openFile(this.#path);
    } catch (error) {
      throw new DamageError(FILE, 'its meta pages', String(error));
    }
    syncFolder(options.folder); // LMDB syncs its file, and not the name of it.
    this.#slotOut = this.#readMeta();
  }

  #readMeta(): Slot {
    const bytes = this.get(META);
    if (bytes === undefined) return 0;
    const meta = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
    const { format, slotOut, cluster, member } = meta;
    if (typeof format !== 'number' || typeof slotOut !== 'number') {
      throw new DamageError(FILE, 'the meta record', 'it has no format and slot');
    }
    if (format > STATE_FORMAT) throw new FormatError(FILE, format, STATE_FORMAT);
    const { clusterId, memberId } = this.#options;
    if (cluster !== clusterId) {
      throw new ForeignDataError(FILE, 'cluster', String(cluster), clusterId);
    }
    if (member !== memberId) throw new ForeignDataError(FILE, 'member', String(member), memberId);
    return slotOut;
  }

  get slotOut(): Slot {
    return this.#slotOut;
  }

  get bytes(): number {
    return statSync(this.#path).size;
  }

  get(key: TableKey): Uint8Array | undefined {
    const bytes = Buffer.from(key, 'latin1');
    const stored = this.#db.getBinary(bytes);
    return stored === undefined ? undefined : checked(bytes, stored);
  }

  *range({ from, to, reverse }: KeyRange): Iterable<readonly [TableKey, Uint8Array]> {
    const low = Buffer.from(from, 'latin1');
    const high = Buffer.from(to, 'latin1');
    const range = reverse
      ? this.#db.getRange({
          start: high,
          end: low,
          reverse,
          exclusiveStart: true,
          inclusiveEnd: true,
        })
      : this.#db.getRange({ start: low, end: high });
    yield* entriesOf(range);
  }

  write(entries: Iterable<Entry>, slotOut: Slot, done: (error?: Error) => void): void {
    const all = followedBy(entries, metaOf(this.#options, slotOut));
    commit(this.#db, this.#path, all, (error) => {
      if (error === undefined) this.#slotOut = slotOut;
      done(error);
    });
  }

  snapshot(): StateSnapshot {
    const transaction = this.#db.useReadTransaction();
    const meta = this.#db.get(Buffer.from(META), { transaction });
    const slotOut = meta === undefined ? 0 : slotOutOf(checked(Buffer.from(META), meta));
    const stored = this.#db.getRange({ transaction, start: Buffer.from([1]) });
    return { slotOut, entries: entriesOf(stored), close: () => transaction.done() };
  }

  stage(): Staging {
    const { folder } = this.#options;
    // Another name each time: the one before may not be closed yet.
    const name = `${INCOMING}-${(this.#stagings += 1)}.mdb`;
    const file = path.join(folder, name);
    const db = openFile(file, { noSync: true }); // It is synced as a whole before it is taken.
    const close = async (): Promise<void> => {
      await db.close();
      rmSync(`${file}-lock`, { force: true });
    };
    return {
      write: (entries, done) => commit(db, file, entries, done),
      commit: (slotOut, done) => {
        const finish = async (): Promise<void> => {
          await close();
          await syncFile(file);
          renameSync(file, path.join(folder, VERIFIED));
          syncFolder(folder);
        };
        commit(db, file, [metaOf(this.#options, slotOut)], (error) => {
          if (error !== undefined) return done(error);
          finish().then(
            () => done(),
            (cause: unknown) => done(new DiskError(file, 'written', cause)),
          );
        });
      },
      discard: () => void close().then(() => remove(folder, name)),
    };
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}

function metaOf({ clusterId, memberId }: LmdbStateOptions, slotOut: Slot): Entry {
  const meta = { format: STATE_FORMAT, cluster: clusterId, member: memberId, slotOut };
  return [META, Buffer.from(JSON.stringify(meta))];
}

function* followedBy(entries: Iterable<Entry>, last: Entry): Iterable<Entry> {
  yield* entries;
  yield last;
}

function slotOutOf(meta: Uint8Array): Slot {
  return (JSON.parse(Buffer.from(meta).toString()) as { slotOut: Slot }).slotOut;
}

function* entriesOf(
  stored: Iterable<{ key: Buffer; value: Buffer }>,
): Generator<readonly [TableKey, Uint8Array]> {
  for (const { key, value } of stored) yield [key.toString('latin1'), checked(key, value)];
}

/** One batch is one transaction, and runs on LMDB's own thread. */
function commit(
  db: RootDatabase<Buffer, Buffer>,
  file: string,
  entries: Iterable<Entry>,
  done: (error?: Error) => void,
): void {
  const committed = db.batch(() => {
    for (const [key, value] of entries) put(db, key, value);
  });
  // `flushed` alone never settles after a failed sync.
  Promise.all([committed, db.flushed]).then(
    () => done(),
    async (error: unknown) => done(new DiskError(file, 'written', await reasonOf(error))),
  );
}

function put(db: RootDatabase<Buffer, Buffer>, key: TableKey, value: Uint8Array | undefined): void {
  const bytes = Buffer.from(key, 'latin1');
  if (value === undefined) {
    void db.remove(bytes);
    return;
  }
  const stored = Buffer.allocUnsafe(4 + value.length);
  stored.set(value, 4);
  stored.writeUInt32LE(checksum(bytes, value), 0);
  void db.put(bytes, stored);
}

/** LMDB says first that a commit failed, and why in a promise that is rejected soon after. */
async function reasonOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  const late = new Promise<unknown>((resolve) => setTimeout(resolve, REASON_DEADLINE_MS, error));
  const reason = Promise.resolve(error.commitError).catch((reason: unknown) => reason);
  return Promise.race([reason, late]);
}

function checked(key: Buffer, stored: Buffer): Uint8Array {
  const value = stored.subarray(4);
  if (stored.length < 4 || stored.readUInt32LE(0) !== checksum(key, value)) {
    throw new DamageError(FILE, `key ${key.toString('hex')}`, 'its checksum does not match');
  }
  return value;
}

function checksum(key: Uint8Array, value: Uint8Array): number {
  // Of no bytes, zlib may give the initial value in the place of the one that is carried on.
  return value.length === 0 ? crc32(key) : crc32(value, crc32(key));
}
