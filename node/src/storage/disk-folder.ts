import fs from 'node:fs';
import path from 'node:path';
import { DiskError } from './disk-error.ts';
import { makeFolder, syncFolder } from './folder.ts';
import type { Done, LogFolder } from './log-folder.ts';

const { O_RDWR, O_CREAT, O_EXCL, O_DSYNC } = fs.constants;

/**
 * A folder on disk. Files are opened with O_DSYNC: a write is over when its data is on disk, as if
 * fdatasync had followed it, in one call. For a new file "done" is after the folder's fsync, too.
 */
export class DiskFolder implements LogFolder {
  readonly #path: string;
  readonly #files = new Map<string, number>();

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
    return fs.readSync(this.#open(name), into, 0, into.length, position);
  }

  erase(name: string, from: number, to: number): void {
    const file = this.#open(name);
    fs.writeSync(file, Buffer.alloc(to - from), 0, to - from, from);
  }

  writeNow(name: string, position: number, data: Buffer): void {
    const target = path.join(this.#path, name);
    const isNew = !fs.existsSync(target);
    if (isNew) fs.closeSync(fs.openSync(target, O_RDWR | O_CREAT | O_EXCL));
    const file = this.#open(name);
    fs.writeSync(file, data, 0, data.length, position);
    if (!isNew) return;
    fs.fsyncSync(file);
    syncFolder(this.#path);
  }

  remove(name: string): void {
    fs.rmSync(path.join(this.#path, name));
    syncFolder(this.#path);
  }

  removeLater(name: string, done: Done): void {
    const target = path.join(this.#path, name);
    const file = this.#files.get(name);
    this.#files.delete(name);
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
      this.#files.set(name, file);
      // Its full size from the start: a sync that need not write the size is a third faster.
      fs.ftruncate(file, size, (error) => {
        if (error) return failed(error);
        this.write(name, 0, head, (error) => {
          if (error) return done(error);
          fs.fsync(file, (error) => (error ? failed(error) : this.#syncFolder(done)));
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
    const file = this.#open(name);
    fs.write(file, data, 0, data.length, position, (error, written) => {
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
    fs.read(this.#open(name), data, 0, bytes, position, (error, read) =>
      done(error ?? undefined, data.subarray(0, read)),
    );
  }

  #open(name: string): number {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = fs.openSync(path.join(this.#path, name), O_RDWR | O_DSYNC);
      this.#files.set(name, file);
    }
    return file;
  }

  close(): void {
    for (const file of this.#files.values()) fs.closeSync(file);
    this.#files.clear();
  }
}
