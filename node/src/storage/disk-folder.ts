import fs from 'node:fs';
import path from 'node:path';
import { DiskError } from './disk-error.ts';
import { makeFolder, syncFolder } from './folder.ts';
import type { Done, LogFolder } from './log-folder.ts';
import { OpenFiles } from './open-files.ts';

const { O_RDWR, O_CREAT, O_EXCL, O_DSYNC } = fs.constants;

/**
 * A folder on disk. Files are opened with O_DSYNC: a write is over when its data is on disk, as if
 * fdatasync had followed it, in one call. For a new file "done" is after the folder's fsync, too.
 */
export class DiskFolder implements LogFolder {
  readonly #path: string;
  readonly #files = new OpenFiles((name) => this.#open(name));

  /** @param folder made if it is missing */
  constructor(folder: string) {
    makeFolder(folder);
    syncFolder(path.dirname(folder));
    this.#path = folder;
  }

  list(): string[] {
    return fs.readdirSync(this.#path);
  }

  size(name: string): number {
    return fs.statSync(path.join(this.#path, name)).size;
  }

  readNow(name: string, position: number, into: Buffer): number {
    return this.#with(name, (file) => fs.readSync(file, into, 0, into.length, position));
  }

  erase(name: string, from: number, to: number): void {
    this.#with(name, (file) => fs.writeSync(file, Buffer.alloc(to - from), 0, to - from, from));
  }

  #with<T>(name: string, work: (file: number) => T): T {
    try {
      return work(this.#files.use(name));
    } finally {
      this.#files.free(name);
    }
  }

  writeNow(name: string, position: number, data: Buffer): void {
    const target = path.join(this.#path, name);
    const isNew = !fs.existsSync(target);
    if (isNew) fs.closeSync(fs.openSync(target, O_RDWR | O_CREAT | O_EXCL));
    this.#with(name, (file) => {
      fs.writeSync(file, data, 0, data.length, position);
      if (isNew) fs.fsyncSync(file);
    });
    if (isNew) syncFolder(this.#path);
  }

  remove(name: string): void {
    fs.rmSync(path.join(this.#path, name));
    syncFolder(this.#path);
  }

  removeLater(name: string, done: Done): void {
    const target = path.join(this.#path, name);
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
    const file = path.join(this.#path, name);
    try {
      return fs.openSync(file, O_RDWR | O_DSYNC);
    } catch (error) {
      throw new DiskError(file, 'opened', error);
    }
  }

  close(): void {
    this.#files.close();
  }
}
