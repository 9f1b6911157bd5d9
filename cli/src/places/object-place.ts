import path from 'node:path';
import { isNativeError } from 'node:util/types';
import {
  SnapshotError,
  SnapshotParser,
  type Snapshot,
} from '../../../contract/src/snapshot-file.ts';
import { inScratch, ScratchError } from '../local/scratch.ts';
import { FileExistsError, UnfinishedFile, UnwritableError } from '../local/unfinished-file.ts';
import type { Bucket } from './bucket.ts';
import { refuseOther, UncheckedError, type SnapshotPlace } from './place.ts';
import { S3Error } from './s3-error.ts';

const READ_BYTES = 1024 * 1024;
/** In a scratch folder: a snapshot on its way. */
const FILE = 'object.snapshot';

/** A snapshot in an object of a bucket. */
export class ObjectPlace implements SnapshotPlace {
  readonly address: string;
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #overwrites: boolean;

  constructor(address: string, bucket: Bucket, key: string, overwrites = false) {
    this.address = address;
    this.#bucket = bucket;
    this.#key = key;
    this.#overwrites = overwrites;
  }

  /** A file is saved first: S3 wants to know what is wrong before it gets anything. */
  async save(work: (file: string) => Promise<Snapshot>): Promise<Snapshot> {
    if (!this.#overwrites && (await this.#bucket.exists(this.#key))) {
      throw new FileExistsError(this.address);
    }
    return scratch(async (folder) => {
      const file = path.join(folder, FILE);
      const saved = await written(() => work(file));
      await this.#put(file, saved);
      refuseOther(await this.#readBack(), saved);
      return saved;
    });
  }

  /**
   * What cannot be read back is removed: kept, it would count for nothing, and another one would
   * come each time. But what is in the place of an older one stays, as it may be whole.
   * @throws UncheckedError when it stays; SnapshotError; S3Error
   */
  async #readBack(): Promise<Snapshot> {
    try {
      return await this.verify();
    } catch (error) {
      const isOwn = !this.#overwrites && !(error instanceof S3Error && error.status === 412);
      const isGone = isOwn && (await this.#removed());
      if (isGone || error instanceof SnapshotError) throw error;
      throw new UncheckedError(this.address, error);
    }
  }

  async #removed(): Promise<boolean> {
    try {
      await this.#bucket.remove(this.#key);
      return true;
    } catch {
      return false; // It was interrupted, or S3 is gone.
    }
  }

  /** When an answer is lost, S3 is asked again, and then there is an object: this one. */
  async #put(file: string, { hash }: Snapshot): Promise<void> {
    try {
      await this.#bucket.put(this.#key, file, this.#overwrites);
    } catch (error) {
      if (!(error instanceof FileExistsError)) throw error;
      const found = await this.verify().catch(() => undefined);
      if (found?.hash !== hash) throw error;
    }
  }

  verify(): Promise<Snapshot> {
    return this.#read(() => undefined);
  }

  use<T>(work: (file: string) => T | Promise<T>): Promise<T> {
    return scratch(async (folder) => {
      const file = path.join(folder, FILE);
      await written(() => this.#copy(file));
      return work(file);
    });
  }

  async #copy(file: string): Promise<void> {
    const copy = new UnfinishedFile(file, true);
    try {
      await this.#read((bytes) => copy.write(bytes));
      copy.finish(true);
    } finally {
      copy.remove();
    }
  }

  /** Reads and checks all of it, with little of it in memory. */
  async #read(each: (bytes: Buffer) => void): Promise<Snapshot> {
    const parser = new SnapshotParser();
    let [chunks, length]: [Buffer[], number] = [[], 0];
    const take = (): void => {
      const bytes = Buffer.concat(chunks);
      [chunks, length] = [[], 0];
      each(bytes);
      parser.take(bytes);
    };
    for await (const bytes of this.#bucket.read(this.#key)) {
      chunks.push(bytes);
      length += bytes.length;
      if (length >= READ_BYTES) take();
    }
    take();
    return parser.end();
  }
}

function scratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  return inScratch(work).catch((error: unknown) => {
    throw isOfSystem(error, 'mkdtemp') ? new ScratchError(error) : error;
  });
}

/** What is written there comes to nothing because of that folder, and not of S3. */
async function written<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UnwritableError || isOfSystem(error, 'open'))
      throw new ScratchError(error);
    throw error;
  }
}

function isOfSystem(error: unknown, call: string): error is Error {
  return isNativeError(error) && 'syscall' in error && error.syscall === call;
}
