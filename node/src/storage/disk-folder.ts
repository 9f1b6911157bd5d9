import fs from 'node:fs';
import path from 'node:path';
import { DiskError } from './disk-error.ts';
import { writeDurably, writeWhole } from './durable-file.ts';
import { makeFolder, syncFolder } from './folder.ts';
import { lookAt, type Look } from './kept-files.ts';
import type { Done, LogFolder } from './log-folder.ts';
import { OpenFiles } from './open-files.ts';
import { isFolderThere, openRegular } from './regular-file.ts';

const { O_RDWR, O_CREAT, O_EXCL, O_DSYNC } = fs.constants;

/**
 * A folder on disk. Files are opened with O_DSYNC: a write is over when its data is on disk, as if
 * fdatasync had followed it, in one call. For a new file "done" is after the folder's fsync, too.
 */
export class DiskFolder implements LogFolder {
  readonly #path: string;
  readonly #files = new OpenFiles((name) => this.#open(name));
  /** The bytes of the files that were used, and not removed: they have to stay there. */
  readonly #kept = new Map<string, number>();

  /**
   * @param folder made if it is missing
   * @throws DamageError when something else has its name
   */
  constructor(folder: string) {
    if (!isFolderThere(folder)) makeFolder(folder);
    syncFolder(path.dirname(folder));
    this.#path = folder;
  }

  list(): string[] {
    return fs.readdirSync(this.#path);
  }

  size(name: string): number {
    return this.#with(name, (file) => fs.fstatSync(file).size);
  }

  readNow(name: string, position: number, into: Buffer): number {
    return this.#with(name, (file) => fs.readSync(file, into, 0, into.length, position));
  }

  erase(name: string, from: number, to: number): void {
    this.writeNow(name, from, Buffer.alloc(to - from));
  }

  #with<T>(name: string, work: (file: number) => T): T {
    try {
      return work(this.#files.use(name));
    } finally {
      this.#files.free(name);
    }
  }

  makeNow(name: string, data: Buffer): void {
    const file = this.#files.forget(name);
    if (file !== undefined) fs.closeSync(file);
    this.#kept.delete(name);
    writeDurably(path.join(this.#path, name), data);
  }

  writeNow(name: string, position: number, data: Buffer): void {
    this.#with(name, (file) => {
      try {
        writeWhole(file, data, position);
      } catch (error) {
        throw new DiskError(path.join(this.#path, name), 'written', error);
      }
    });
  }

  remove(name: string): void {
    this.#kept.delete(name);
    fs.rmSync(path.join(this.#path, name));
    syncFolder(this.#path);
  }

  removeLater(name: string, done: Done): void {
    const target = path.join(this.#path, name);
    this.#kept.delete(name);
    const file = this.#files.forget(name);
    const remove = (): void => {
      fs.rm(target, (error) => {
        if (error) done(new DiskError(target, 'removed', error));
        else this.#syncFolder(done);
      });
    };
    if (file === undefined) remove();
    else fs.close(file, remove);
  }

  create(name: string, size: number, head: Buffer, done: Done): void {
    const target = path.join(this.#path, name);
    const failed = (cause: Error): void => done(new DiskError(target, 'made', cause));
    fs.open(target, O_RDWR | O_CREAT | O_EXCL | O_DSYNC, (error, file) => {
      if (error) return failed(error);
      this.#files.add(name, file);
      // Its full size from the start: a sync that need not write the size is a third faster.
      fs.ftruncate(file, size, (error) => {
        if (error) return failed(error);
        this.#kept.set(name, size);
        this.write(name, 0, head, (error) => {
          if (error) return done(error);
          fs.fsync(file, (error) => {
            this.#files.free(name);
            if (error) failed(error);
            else this.#syncFolder(done);
          });
        });
      });
    });
  }

  #syncFolder(done: Done): void {
    const failed = (cause: Error): void => done(new DiskError(this.#path, 'synced', cause));
    fs.open(this.#path, 'r', (error, folder) => {
      if (error) return failed(error);
      fs.fsync(folder, (error) => {
        fs.close(folder, () => (error ? failed(error) : done()));
      });
    });
  }

  write(name: string, position: number, data: Buffer, done: Done): void {
    const file = this.#files.use(name);
    fs.write(file, data, 0, data.length, position, (error, written) => {
      this.#files.free(name);
      if (error) return done(new DiskError(path.join(this.#path, name), 'written', error));
      if (written === data.length) return done();
      this.write(name, position + written, data.subarray(written), done);
    });
  }

  readAt(
    name: string,
    position: number,
    bytes: number,
    done: (error: Error | undefined, data: Buffer) => void,
  ): void {
    const data = Buffer.allocUnsafe(bytes);
    fs.read(this.#files.use(name), data, 0, bytes, position, (error, read) => {
      this.#files.free(name);
      if (error) done(new DiskError(path.join(this.#path, name), 'read', error), data);
      else done(undefined, data.subarray(0, read));
    });
  }

  #open(name: string): number {
    const handle = openRegular(path.join(this.#path, name), O_RDWR | O_DSYNC);
    if (!this.#kept.has(name)) this.#kept.set(name, fs.fstatSync(handle).size);
    return handle;
  }

  /** Whether the files of the log are still in their places; does not hold up the process. */
  async look(): Promise<Look> {
    let unknown: unknown;
    for (const [name, bytes] of this.#kept) {
      const handle = this.#files.useOpen(name);
      const file = { path: path.join(this.#path, name), bytes };
      try {
        const found = await lookAt(handle === undefined ? file : { ...file, handle });
        const isKept = this.#kept.has(name); // It may have been removed meanwhile.
        if (isKept && typeof found === 'string') return { lost: { file: name, what: found } };
      } catch (error) {
        if (this.#kept.has(name)) unknown ??= error;
      } finally {
        if (handle !== undefined) this.#files.free(name);
      }
    }
    return unknown === undefined ? {} : { unknown };
  }

  close(): void {
    this.#kept.clear();
    this.#files.close();
  }
}
