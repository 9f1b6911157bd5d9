import { closeSync, openSync, statfsSync, statSync } from 'node:fs';
import path from 'node:path';
import { open as openLmdb, type RootDatabase, type Transaction } from 'lmdb';
import { DamageError } from './damage.ts';
import type { Digest } from './digest.ts';
import { codeOf, DiskError } from './disk-error.ts';
import type { Entry, TableKey } from './entry.ts';
import { syncFolder } from './folder.ts';
import { checkPages } from './lmdb-pages.ts';
import type { KeyRange, RawEntry, RawFile, RawSnapshot, RawStaging } from './raw-file.ts';
import { IncomingFile, lockOf, removeLock, STATE_FILE } from './state-files.ts';

const REASON_DEADLINE_MS = 1_000;
/** A filesystem with less room is full: others may have freed a little since a write failed. */
const ROOM_BYTES = 1024 * 1024;
/** LMDB's MDB_INVALID, MDB_CORRUPTED, MDB_PAGE_NOTFOUND. */
const DAMAGE: ReadonlySet<unknown> = new Set([-30793, -30796, -30797]);

type Database = RootDatabase<Buffer, Buffer>;

/** @throws DiskError, or what LMDB says */
function openFile(file: string, options = {}): Database {
  removeLock(file);
  tryToBegin(file);
  const db = openLmdb<Buffer, Buffer>({
    path: file,
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    // A commit is over when it is synced, and not before.
    overlappingSync: false,
    noMemInit: false,
    ...options,
  });
  removeLock(file);
  return db;
}

/**
 * LMDB ends the process by a signal when it cannot open its files, and when there is no room for
 * the first pages of one: so both are looked at before.
 */
function tryToBegin(file: string): void {
  const lock = lockOf(file);
  const folder = path.dirname(file);
  // The file itself it opens twice. It need not be there yet; its folder is.
  const tried = [
    { opens: lock, flags: 'a', names: lock },
    { opens: folder, flags: 'r', names: file },
    { opens: folder, flags: 'r', names: file },
  ];
  const opened: number[] = [];
  try {
    for (const { opens, flags, names } of tried) {
      try {
        opened.push(openSync(opens, flags));
      } catch (error) {
        throw new DiskError(names, 'opened', error);
      }
    }
  } finally {
    opened.forEach(closeSync);
  }
  const hasPages = (name: string): boolean =>
    (statSync(name, { throwIfNoEntry: false })?.blocks ?? 0) > 0;
  if (hasPages(file) && hasPages(lock)) return;
  if (isFull(file)) throw new DiskError(file, 'made', new NoRoomError());
}

function isFull(file: string): boolean {
  const { bavail, bsize } = statfsSync(path.dirname(file));
  return bavail * bsize < ROOM_BYTES;
}

/** The state's file as LMDB has it. */
export class LmdbFile implements RawFile {
  readonly #folder: string;
  readonly #path: string;
  readonly #db: Database;
  readonly found: Digest | undefined;
  #stagings = 0;
  #isClosed = false;
  /** As it was found last. */
  #bytes = 0;

  /**
   * @param checked what its entries come to, when all of its pages have just been checked
   * @throws DamageError, DiskError
   */
  constructor(folder: string, checked?: Digest) {
    this.#folder = folder;
    this.#path = path.join(folder, STATE_FILE);
    this.found = checked ?? checkPages(this.#path);
    this.#db = found(() => openFile(this.#path), this.#path);
    try {
      syncFolder(folder); // LMDB syncs its file, and not the name of it.
    } catch (error) {
      void this.#db.close();
      throw error;
    }
  }

  get bytes(): number {
    // Whoever asks is told something also when the file is gone; that it is gone is said elsewhere.
    this.#bytes = sizeOf(this.#path) ?? this.#bytes;
    return this.#bytes;
  }

  /** Without the pages that are free; 0 once it is closed. */
  get usedBytes(): number {
    if (this.#isClosed) return 0;
    const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = statsOf(this.#db);
    const used = pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
    // Somebody wrote over the page that says so: a leader would have the cluster refuse commands.
    if (used > this.#bytes && used > this.bytes) {
      const reason = `${used} bytes are in use, by what it says, and it has ${this.#bytes}`;
      throw new DamageError(STATE_FILE, 'its newest meta page', reason);
    }
    return used;
  }

  get(key: TableKey): Uint8Array | undefined {
    return getFrom(this.#db, this.#path, key);
  }

  range(range: KeyRange): Iterable<RawEntry> {
    return rangeOf(this.#db, this.#path, range);
  }

  write(entries: Iterable<Entry>, done: (error?: Error) => void): void {
    commit(this.#db, this.#path, entries, done);
  }

  writeNow(entries: readonly Entry[]): void {
    found(() => this.#db.transactionSync(() => putAll(this.#db, entries)), this.#path, 'written');
  }

  snapshot(): RawSnapshot {
    const transaction = this.#db.useReadTransaction();
    return {
      get: (key) => getFrom(this.#db, this.#path, key, transaction),
      range: (range) => rangeOf(this.#db, this.#path, range, transaction),
      close: () => transaction.done(),
    };
  }

  stage(): RawStaging {
    // Another name each time: the one before may not be closed yet.
    const incoming = new IncomingFile(this.#folder, (this.#stagings += 1));
    // It is synced as a whole before it is taken.
    const db = found(() => openFile(incoming.path, { noSync: true }), incoming.path, 'written');
    const after = (work: Promise<void>, done: (error?: Error) => void): void => {
      work.then(
        () => done(),
        (cause: unknown) => done(new DiskError(incoming.path, 'written', cause)),
      );
    };
    return {
      write: (entries, done) => commit(db, incoming.path, entries, done),
      sync: (done) => after(incoming.sync(), done),
      commit: (entries, done) => {
        commit(db, incoming.path, entries, (error) => {
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
    this.#isClosed = true;
    return this.#db.close();
  }
}

/** `undefined` where the system does not say. */
function sizeOf(file: string): number | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })?.size;
  } catch {
    return undefined;
  }
}

/** As LMDB counts them; the library has no type for it. */
interface Stats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

function statsOf(db: Database): Stats {
  return db.getStats() as Stats;
}

function getFrom(
  db: Database,
  file: string,
  key: TableKey,
  transaction?: Transaction,
): Uint8Array | undefined {
  const bytes = Buffer.from(key, 'latin1');
  return found(
    () => (transaction === undefined ? db.getBinary(bytes) : db.get(bytes, { transaction })),
    file,
  );
}

function* rangeOf(
  db: Database,
  file: string,
  { from, to, reverse = false }: KeyRange,
  transaction?: Transaction,
): Generator<RawEntry> {
  const [low, high] = [Buffer.from(from, 'latin1'), Buffer.from(to, 'latin1')];
  const of = transaction === undefined ? {} : { transaction };
  const backwards = { start: high, end: low, reverse, exclusiveStart: true, inclusiveEnd: true };
  const range = db.getRange(reverse ? { ...of, ...backwards } : { ...of, start: low, end: high });
  const entries = range[Symbol.iterator]();
  try {
    for (;;) {
      const next = found(() => entries.next(), file);
      if (next.done === true) return;
      const { key, value } = next.value;
      yield [key.toString('latin1'), value];
    }
  } finally {
    entries.return?.(); // LMDB has a cursor for each range that is not over.
  }
}

/** What LMDB finds wrong with its pages is damage; anything else is a failure of the disk. */
function found<T>(look: () => T, file: string, what: 'read' | 'written' = 'read'): T {
  try {
    return look();
  } catch (error) {
    if (isDamage(error)) throw new DamageError(STATE_FILE, 'one of its pages', String(error));
    if (error instanceof DiskError || error instanceof DamageError) throw error;
    throw new DiskError(file, what, error);
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DAMAGE.has(error.code);
}

/** One batch is one transaction, and runs on LMDB's own thread. */
function commit(
  db: Database,
  file: string,
  entries: Iterable<Entry>,
  done: (error?: Error) => void,
): void {
  const committed = db.batch(() => putAll(db, entries));
  // `flushed` alone never settles after a failed sync.
  Promise.all([committed, db.flushed]).then(
    () => done(),
    async (error: unknown) => {
      const reason = shortWrite(await reasonOf(error), file);
      const isState = path.basename(file) === STATE_FILE;
      if (isState && isDamage(reason)) {
        return done(new DamageError(STATE_FILE, 'one of its pages', String(reason)));
      }
      done(new DiskError(file, 'written', reason));
    },
  );
}

function putAll(db: Database, entries: Iterable<Entry>): void {
  for (const [key, value] of entries) {
    const bytes = Buffer.from(key, 'latin1');
    if (value === undefined) void db.remove(bytes);
    else void db.put(bytes, asBuffer(value));
  }
}

function asBuffer(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** LMDB says first that a commit failed, and why in a promise that is rejected soon after. */
async function reasonOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  const late = new Promise<unknown>((resolve) => setTimeout(resolve, REASON_DEADLINE_MS, error));
  const reason = Promise.resolve(error.commitError).catch((reason: unknown) => reason);
  return Promise.race([reason, late]);
}

/** To LMDB a write that ended in the middle is an input/output error, also on a full disk. */
function shortWrite(reason: unknown, file: string): unknown {
  return codeOf(reason) === 'EIO' && isFull(file) ? new NoRoomError(reason) : reason;
}

class NoRoomError extends Error {
  readonly code = 'ENOSPC';

  constructor(cause?: unknown) {
    super('its filesystem is full', { cause });
  }
}
