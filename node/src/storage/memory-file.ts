import type { Entry, TableKey } from './entry.ts';
import type { KeyRange, RawEntry, RawFile, RawSnapshot, RawStaging } from './raw-file.ts';

/** Ordered entries in memory. */
export class MemoryEntries {
  readonly #values: Map<TableKey, Uint8Array>;
  #sorted: TableKey[] | undefined;

  constructor(entries: Iterable<RawEntry> = []) {
    this.#values = new Map(entries);
  }

  get size(): number {
    return this.#values.size;
  }

  get bytes(): number {
    let bytes = 0;
    for (const [key, value] of this.#values) bytes += key.length + value.length;
    return bytes;
  }

  get(key: TableKey): Uint8Array | undefined {
    return this.#values.get(key);
  }

  put(entries: Iterable<Entry>): void {
    for (const [key, value] of entries) {
      if (value === undefined || !this.#values.has(key)) this.#sorted = undefined;
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
  }

  *range({ from, to, reverse = false }: KeyRange): Generator<RawEntry> {
    const sorted = (this.#sorted ??= [...this.#values.keys()].sort());
    const [first, end] = [firstFrom(sorted, from), firstFrom(sorted, to)];
    for (let i = 0; i < end - first; i++) {
      const key = sorted[reverse ? end - 1 - i : first + i] as TableKey;
      yield [key, this.#values.get(key) as Uint8Array];
    }
  }

  copy(): MemoryEntries {
    return new MemoryEntries(this.#values);
  }
}

/** The index of the first key that is not below `key`. */
function firstFrom(sorted: readonly TableKey[], key: TableKey): number {
  let low = 0;
  for (let high = sorted.length; low < high;) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as TableKey) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What survives the end of a process: the entries of its last durable transaction. */
export class MemoryStateDisk {
  entries = new MemoryEntries();
  /** A staged file that was committed: the next process begins with it. */
  staged: MemoryEntries | undefined;
}

/** A file in memory. A transaction becomes durable, whole, when `schedule` runs it. */
export class MemoryFile implements RawFile {
  /** Of memory, the scrub has all to find. */
  readonly found = undefined;
  readonly #disk: MemoryStateDisk;
  readonly #schedule: (run: () => void) => void;
  #closed = false;
  /** Set it to make every further write fail with this error. */
  failure: Error | undefined;

  constructor(disk: MemoryStateDisk, schedule: (run: () => void) => void) {
    this.#disk = disk;
    this.#schedule = schedule;
    disk.entries = disk.staged ?? disk.entries;
    disk.staged = undefined;
  }

  /** The process ends: a transaction that is not durable is lost. */
  crash(): void {
    this.#closed = true;
  }

  get bytes(): number {
    return this.#disk.entries.bytes;
  }

  get usedBytes(): number {
    return this.bytes;
  }

  get(key: TableKey): Uint8Array | undefined {
    return this.#disk.entries.get(key);
  }

  range(range: KeyRange): Iterable<RawEntry> {
    return this.#disk.entries.range(range);
  }

  write(entries: Iterable<Entry>, done: (error?: Error) => void): void {
    this.#soon(() => this.#disk.entries.put(entries), done);
  }

  writeNow(entries: readonly Entry[]): void {
    this.#disk.entries.put(entries);
  }

  snapshot(): RawSnapshot {
    const entries = this.#disk.entries.copy();
    return {
      get: (key) => entries.get(key),
      range: (range) => entries.range(range),
      close: () => undefined,
    };
  }

  stage(): RawStaging {
    const gathered = new MemoryEntries();
    return {
      write: (entries, done) => this.#soon(() => gathered.put(entries), done),
      sync: (done) => this.#soon(() => undefined, done),
      commit: (entries, done) => {
        this.#soon(() => {
          gathered.put(entries);
          this.#disk.staged = gathered;
        }, done);
      },
      discard: () => undefined,
    };
  }

  #soon(run: () => void, done: (error?: Error) => void): void {
    this.#schedule(() => {
      if (this.#closed) return;
      if (this.failure !== undefined) return done(this.failure);
      run();
      done();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }
}
