import fs from 'node:fs';
import path from 'node:path';
import { DamageError } from './damage.ts';
import { codeOf } from './disk-error.ts';
import { kindOf } from './regular-file.ts';

const { O_RDONLY, O_NONBLOCK } = fs.constants;

/** What a process works on is no longer in its place: what it writes would go with the process. */
export class LostFileError extends DamageError {
  override readonly name = 'LostFileError';

  constructor({ file, what }: LostFile) {
    super(
      file,
      'its name',
      `${what}, while this process works on it. What it would acknowledge would be lost with the ` +
        'process. Before you stop that, you can copy what it has open from ' +
        `/proc/${process.pid}/fd`,
    );
  }
}

export interface LostFile {
  readonly file: string;
  /** What was found in its place. */
  readonly what: string;
}

/** What a look at all kept files came to. */
export interface Look {
  /** The first one that is not in its place. */
  readonly lost?: LostFile;
  /** What the system said where it did not say how a file is: that is no sign of a loss. */
  readonly unknown?: unknown;
}

/** A file, or folder, that has to stay in its place. */
interface KeptFile {
  readonly path: string;
  /** It is open: its name has to lead to it. Whoever is not open is known by its size alone. */
  readonly handle?: number;
  /** It becomes no shorter than it was. */
  readonly bytes: number;
}

/** Only these answers say that there is nothing of that name. */
const GONE: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR'];

/** @returns how large a file is, or what is in its place; throws where the system did not say */
export async function lookAt({ path, handle, bytes }: KeptFile): Promise<number | string> {
  const named = await fs.promises.stat(path, { bigint: true }).catch((error: unknown) => {
    if (GONE.includes(codeOf(error))) return undefined;
    throw error;
  });
  if (named === undefined) return 'it is no longer there';
  const kind = kindOf(named);
  if (kind !== 'file' && kind !== 'folder') return `a ${kind} has taken it`;
  const held = handle === undefined ? undefined : await fstat(handle);
  if (held !== undefined && (named.ino !== held.ino || named.dev !== held.dev)) {
    return `another ${kind} has taken it`;
  }
  if (kind === 'folder') return 0;
  const size = Number(named.size);
  return size < bytes ? `it was cut to ${size} of ${bytes} bytes` : size;
}

function fstat(handle: number): Promise<fs.BigIntStats> {
  return new Promise((resolve, reject) => {
    fs.fstat(handle, { bigint: true }, (error, found) => {
      if (error) reject(error);
      else resolve(found);
    });
  });
}

/** A file that others have open. */
export type HeldFile = Required<Pick<KeptFile, 'path' | 'handle'>>;

interface WatchedFile extends KeptFile {
  readonly handle: number;
  /** As a person is told it. */
  readonly name: string;
  /** It was opened for this; the handles of the others are others'. */
  readonly isOwn: boolean;
}

/** Files that are looked at now and then, whether they are still in their places. */
export class KeptFiles {
  readonly #files = new Map<string, WatchedFile>();

  /**
   * Keeps a file, or folder, that is there now.
   * @param held the handle that others have of it
   * @returns the handle by which it is known
   */
  keep(file: string, held?: number): number {
    const before = this.#files.get(file);
    if (before !== undefined) return before.handle;
    const handle = held ?? fs.openSync(file, O_RDONLY | O_NONBLOCK);
    const { size } = fs.fstatSync(handle);
    const name = path.basename(file);
    this.#files.set(file, { path: file, name, handle, bytes: size, isOwn: held === undefined });
    return handle;
  }

  /**
   * Keeps a folder by its place, and by the name that it was given: of that, any link on the way
   * may lead elsewhere later, and the next process would follow it.
   */
  keepFolder(place: string, given: string): void {
    const handle = this.keep(place);
    const named = path.resolve(given);
    if (this.#files.has(named)) return;
    this.#files.set(named, { path: named, name: named, handle, bytes: 0, isOwn: false });
  }

  /** From now on anything may become of them. */
  forgetAll(): void {
    const files = [...this.#files.values()];
    this.#files.clear();
    for (const { handle, isOwn } of files) {
      if (isOwn) fs.closeSync(handle);
    }
  }

  async look(): Promise<Look> {
    let unknown: unknown;
    for (const file of this.#files.values()) {
      try {
        const found = await lookAt(file);
        if (this.#files.get(file.path) !== file) continue; // Its handle may be another one's now.
        if (typeof found === 'string') return { lost: { file: file.name, what: found } };
        if (found > file.bytes) this.#files.set(file.path, { ...file, bytes: found });
      } catch (error) {
        if (this.#files.get(file.path) === file) unknown ??= error;
      }
    }
    return unknown === undefined ? {} : { unknown };
  }
}
