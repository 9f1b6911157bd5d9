import { statSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { open, type RootDatabase } from 'lmdb';
import type { Slot } from '../paxos/pvalue.ts';
import { DamageError } from './damage.ts';
import { DiskError } from './disk-error.ts';
import { syncFolder } from './folder.ts';
import { ForeignDataError, FormatError } from './format-error.ts';
import { OverlayState } from './overlay-state.ts';
import type { StateStore } from './state.ts';
import type { Entry, KeyRange, TableFile, TableKey } from './table-file.ts';

export interface LmdbStateOptions {
  readonly folder: string;
  readonly clusterId: string;
  readonly memberId: string;
}

const STATE_FORMAT = 1;
const FILE = 'state.mdb';
const REASON_DEADLINE_MS = 1_000;
/** Sorts before every table. */
const META: TableKey = '\0meta';

/**
 * Opens the state; what it costs does not depend on how much there is.
 * @throws DamageError, FormatError, ForeignDataError — then nothing was changed
 */
export function openLmdbState(options: LmdbStateOptions): StateStore {
  return new OverlayState(new LmdbFile(options));
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

  constructor(options: LmdbStateOptions) {
    this.#options = options;
    this.#path = path.join(options.folder, FILE);
    try {
      this.#db = open<Buffer, Buffer>({
        path: this.#path,
        noSubdir: true,
        keyEncoding: 'binary',
        encoding: 'binary',
        // A commit is over when it is synced, and not before.
        overlappingSync: false,
        noMemInit: false,
      });
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
    for (const { key, value } of range) yield [key.toString('latin1'), checked(key, value)];
  }

  write(entries: Iterable<Entry>, slotOut: Slot, done: (error?: Error) => void): void {
    const { clusterId: cluster, memberId: member } = this.#options;
    const meta = JSON.stringify({ format: STATE_FORMAT, cluster, member, slotOut });
    // One batch is one transaction, and runs on LMDB's own thread.
    const committed = this.#db.batch(() => {
      for (const [key, value] of entries) this.#put(key, value);
      this.#put(META, Buffer.from(meta));
    });
    // `flushed` alone never settles after a failed sync.
    Promise.all([committed, this.#db.flushed]).then(
      () => {
        this.#slotOut = slotOut;
        done();
      },
      async (error: unknown) => done(new DiskError(this.#path, 'written', await reasonOf(error))),
    );
  }

  #put(key: TableKey, value: Uint8Array | undefined): void {
    const bytes = Buffer.from(key, 'latin1');
    if (value === undefined) {
      void this.#db.remove(bytes);
      return;
    }
    const stored = Buffer.allocUnsafe(4 + value.length);
    stored.set(value, 4);
    stored.writeUInt32LE(checksum(bytes, value), 0);
    void this.#db.put(bytes, stored);
  }

  close(): Promise<void> {
    return this.#db.close();
  }
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
