import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** Ends the name of a file that is not whole. */
const UNFINISHED = '.unfinished';
/** What a filesystem without hard links says. */
const LINKLESS: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Whether it is the name of such a file, of one that is to have a name which `isTarget` takes. */
export function isUnfinishedOf(name: string, isTarget: (target: string) => boolean): boolean {
  const [, target] = /^(.+)\.[0-9a-f]{8}\.unfinished$/.exec(name) ?? [];
  return target !== undefined && isTarget(target);
}

/** There is a file of that name, which is not to be lost; `message` is a sentence. */
export class FileExistsError extends Error {
  override readonly name = 'FileExistsError';

  constructor(file: string) {
    super(`${file} is there already. Name another file, or overwrite it with --force.`);
  }
}

/** There is no room for it, or its disk is broken; `message` is a sentence. */
export class UnwritableError extends Error {
  override readonly name = 'UnwritableError';

  constructor(file: string, bytes: number, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${file} could not be written, after ${bytes} bytes: ${why}.`, { cause });
  }
}

/** A file that has its name only when it is whole and durable; else nothing is left of it. */
export class UnfinishedFile {
  /** While it is not whole. */
  readonly path: string;
  readonly #target: string;
  readonly #handle: number;
  #bytes = 0;
  #isOpen = true;

  /** @throws FileExistsError, or what the system says */
  constructor(target: string, overwrites: boolean) {
    if (!overwrites && fs.existsSync(target)) throw new FileExistsError(target);
    this.#target = target;
    this.path = `${target}.${randomBytes(4).toString('hex')}${UNFINISHED}`;
    this.#handle = fs.openSync(this.path, 'wx', 0o600); // It has all that the cluster knows.
  }

  /** @throws UnwritableError */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const written = this.#tried(() =>
        fs.writeSync(this.#handle, bytes, at, bytes.length - at, this.#bytes),
      );
      this.#bytes += written;
      at += written;
    }
  }

  /** What was written of it is not wanted: it begins anew. */
  begin(): void {
    fs.ftruncateSync(this.#handle);
    this.#bytes = 0;
  }

  /** All of it is on disk, under the name that it has while it is not whole. */
  sync(): void {
    this.#tried(() => fs.fsyncSync(this.#handle));
  }

  /** What the system says of a handle names no file. */
  #tried<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new UnwritableError(this.path, this.#bytes, error);
    }
  }

  /**
   * It is whole: it gets its name.
   * @throws FileExistsError when somebody else's came meanwhile, and is not to be overwritten
   */
  finish(overwrites: boolean): void {
    this.sync();
    this.#close();
    try {
      if (overwrites) fs.renameSync(this.path, this.#target);
      else this.#link();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new FileExistsError(this.#target);
    } finally {
      this.remove();
    }
    const folder = fs.openSync(path.dirname(this.#target), 'r');
    fs.fsyncSync(folder);
    fs.closeSync(folder);
  }

  /**
   * A rename would replace what another one created; a link does not. Where there are no links, an
   * empty file takes the name first.
   */
  #link(): void {
    try {
      fs.linkSync(this.path, this.#target);
    } catch (error) {
      if (!LINKLESS.has((error as NodeJS.ErrnoException).code)) throw error;
      fs.closeSync(fs.openSync(this.#target, 'wx', 0o600));
      fs.renameSync(this.path, this.#target);
    }
  }

  /** Nothing of it stays, unless it was finished. */
  remove(): void {
    this.#close();
    fs.rmSync(this.path, { force: true });
  }

  #close(): void {
    if (this.#isOpen) fs.closeSync(this.#handle);
    this.#isOpen = false;
  }
}
