import fs from 'node:fs';

/** A log may have more segments than a process may have open files. */
const MOST = 16;

interface OpenFile {
  readonly handle: number;
  /** What is under way in it: it is not closed meanwhile. */
  uses: number;
}

/** Files that are open because they were used last. The others are opened again when they are. */
export class OpenFiles {
  readonly #open: (name: string) => number;
  /** Whatever was used last stands last. */
  readonly #files = new Map<string, OpenFile>();

  constructor(open: (name: string) => number) {
    this.#open = open;
  }

  /** A file that has just been opened, and is in use. */
  add(name: string, handle: number): void {
    this.#files.set(name, { handle, uses: 1 });
    this.#closeUnused();
  }

  /** Call `free` when what was begun is over. @returns the file's handle */
  use(name: string): number {
    const file = this.#files.get(name) ?? { handle: this.#open(name), uses: 0 };
    file.uses += 1;
    this.#files.delete(name);
    this.#files.set(name, file);
    this.#closeUnused();
    return file.handle;
  }

  /** Like `use` of a file that is open; `undefined` when it is not. */
  useOpen(name: string): number | undefined {
    return this.#files.has(name) ? this.use(name) : undefined;
  }

  free(name: string): void {
    const file = this.#files.get(name);
    if (file !== undefined) file.uses -= 1;
    this.#closeUnused();
  }

  #closeUnused(): void {
    for (const [name, { handle, uses }] of this.#files) {
      if (this.#files.size <= MOST) return;
      if (uses > 0) continue;
      this.#files.delete(name);
      fs.closeSync(handle);
    }
  }

  /** Forgets a file that nobody uses. @returns its handle, to be closed, if it is open */
  forget(name: string): number | undefined {
    const handle = this.#files.get(name)?.handle;
    this.#files.delete(name);
    return handle;
  }

  close(): void {
    for (const { handle } of this.#files.values()) fs.closeSync(handle);
    this.#files.clear();
  }
}
