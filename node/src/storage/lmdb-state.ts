import { statSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { open as openLmdb, type RootDatabase } from 'lmdb';
import type { Slot } from '../paxos/pvalue.ts';
import { DamageError } from './damage.ts';
import { DiskError } from './disk-error.ts';
import { syncFolder } from './folder.ts';
import { ForeignDataError, FormatError } from './format-error.ts';
import { checkPages } from './lmdb-pages.ts';
import { OverlayState } from './overlay-state.ts';
import { IncomingFile, STATE_FILE, swapIn } from './state-files.ts';
import type { StateSnapshot, StateStore, Staging } from './state.ts';
import type { Entry, TableKey } from './entry.ts';
import type { KeyRange, TableFile } from './table-file.ts';

export interface LmdbStateOptions {
  readonly folder: string;
  readonly clusterId: string;
  readonly memberId: string;
}

const STATE_FORMAT = 1;
const REASON_DEADLINE_MS = 1_000;
/** LMDB's MDB_INVALID, MDB_CORRUPTED, MDB_PAGE_NOTFOUND. */
const DAMAGE: ReadonlySet<unknown> = new Set([-30793, -30796, -30797]);
/** Sorts before every table. */
const META: TableKey = '\0meta';

/**
 * Opens the state, once all of its file has been read and what LMDB trusts in it is well.
 * @throws DamageError, FormatError, ForeignDataError — then nothing was changed
 */
export function openLmdbState(options: LmdbStateOptions): StateStore {
  swapIn(options.folder);
  return new OverlayState(new LmdbFile(options));
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
    this.#path = path.join(options.folder, STATE_FILE);
    checkPages(this.#path);
    this.#db = found(() => openFile(this.#path), this.#path);
    try {
      syncFolder(options.folder); // LMDB syncs its file, and not the name of it.
      this.#slotOut = this.#readMeta();
    } catch (error) {
      void this.#db.close();
      throw error;
    }
  }

  #readMeta(): Slot {
    const bytes = this.get(META);
    if (bytes === undefined) return 0;
    const meta = JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown>;
    const { format, slotOut, cluster, member } = meta;
    if (typeof format !== 'number' || typeof slotOut !== 'number') {
      throw new DamageError(STATE_FILE, 'the meta record', 'it has no format and slot');
    }
    if (format > STATE_FORMAT) throw new FormatError(STATE_FILE, format, STATE_FORMAT);
    const { clusterId, memberId } = this.#options;
    if (cluster !== clusterId) {
      throw new ForeignDataError(STATE_FILE, 'cluster', String(cluster), clusterId);
    }
    if (member !== memberId)
      throw new ForeignDataError(STATE_FILE, 'member', String(member), memberId);
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
    const stored = found(() => this.#db.getBinary(bytes), this.#path);
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
    yield* entriesOf(range, this.#path);
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
    try {
      const key = Buffer.from(META);
      const meta = found(() => this.#db.get(key, { transaction }), this.#path);
      const slotOut = meta === undefined ? 0 : slotOutOf(checked(key, meta));
      const stored = this.#db.getRange({ transaction, start: Buffer.from([1]) });
      const entries = entriesOf(stored, this.#path);
      return { slotOut, entries, close: () => transaction.done() };
    } catch (error) {
      transaction.done();
      throw error;
    }
  }

  stage(): Staging {
    // Another name each time: the one before may not be closed yet.
    const incoming = new IncomingFile(this.#options.folder, (this.#stagings += 1));
    // It is synced as a whole before it is taken.
    const db = openFile(incoming.path, { noSync: true });
    const after = (work: Promise<void>, done: (error?: Error) => void): void => {
      work.then(
        () => done(),
        (cause: unknown) => done(new DiskError(incoming.path, 'written', cause)),
      );
    };
    return {
      write: (entries, done) => commit(db, incoming.path, entries, done),
      sync: (done) => after(incoming.sync(), done),
      commit: (slotOut, done) => {
        commit(db, incoming.path, [metaOf(this.#options, slotOut)], (error) => {
          if (error !== undefined) return done(error);
          after(
            db.close().then(() => incoming.take()),
            done,
          );
        });
      },
      discard: () => void db.close().then(() => incoming.remove()),
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
  file: string,
): Generator<readonly [TableKey, Uint8Array]> {
  const entries = stored[Symbol.iterator]();
  for (;;) {
    const next = found(() => entries.next(), file);
    if (next.done === true) return;
    const { key, value } = next.value;
    yield [key.toString('latin1'), checked(key, value)];
  }
}

/** What LMDB finds wrong with its pages is damage; anything else is a failure of the disk. */
function found<T>(look: () => T, file: string): T {
  try {
    return look();
  } catch (error) {
    if (isDamage(error)) throw new DamageError(STATE_FILE, 'one of its pages', String(error));
    throw new DiskError(file, 'read', error);
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DAMAGE.has(error.code);
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
    async (error: unknown) => {
      const reason = await reasonOf(error);
      const isState = path.basename(file) === STATE_FILE;
      if (isState && isDamage(reason)) {
        return done(new DamageError(STATE_FILE, 'one of its pages', String(reason)));
      }
      done(new DiskError(file, 'written', reason));
    },
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
    throw new DamageError(STATE_FILE, `key ${key.toString('hex')}`, 'its checksum does not match');
  }
  return value;
}

function checksum(key: Uint8Array, value: Uint8Array): number {
  // Of no bytes, zlib may give the initial value in the place of the one that is carried on.
  return value.length === 0 ? crc32(key) : crc32(value, crc32(key));
}
