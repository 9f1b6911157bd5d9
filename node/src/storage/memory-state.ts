import type { Slot } from '../paxos/pvalue.ts';
import { DamageError } from './damage.ts';
import { OverlayState } from './overlay-state.ts';
import type { StateSnapshot, Staging } from './state.ts';
import type { Entry, TableKey } from './entry.ts';
import type { KeyRange, TableFile } from './table-file.ts';

/** What survives the end of a process: the tables of its last durable transaction. */
export class MemoryTables {
  slotOut: Slot = 0;
  readonly entries = new Map<TableKey, Uint8Array>();
  /** Another member's state, whole and verified: the next process begins with it. */
  #verified: { readonly slotOut: Slot; readonly entries: readonly Entry[] } | undefined;

  /** What is stored fails its checks from now on. */
  isDamaged = false;

  /** A state that failed its checks is kept elsewhere: here is none. */
  setAside(): void {
    this.isDamaged = false;
    this.slotOut = 0;
    this.entries.clear();
  }

  replaceBy(entries: readonly Entry[], slotOut: Slot): void {
    this.#verified = { slotOut, entries };
  }

  /** A process opens them. */
  swap(): void {
    if (this.#verified === undefined) return;
    const { slotOut, entries } = this.#verified;
    this.#verified = undefined;
    this.slotOut = slotOut;
    this.entries.clear();
    for (const [key, value] of entries) if (value !== undefined) this.entries.set(key, value);
  }
}

/** Tables in memory. A transaction becomes durable, whole, when `schedule` runs it. */
export class MemoryTableFile implements TableFile {
  readonly #disk: MemoryTables;
  readonly #schedule: (run: () => void) => void;
  #closed = false;
  /** Set it to make every further write fail with this error. */
  failure: Error | undefined;

  constructor(disk: MemoryTables, schedule: (run: () => void) => void) {
    this.#disk = disk;
    this.#schedule = schedule;
    disk.swap();
    this.#check();
  }

  #check(): void {
    if (this.#disk.isDamaged) throw new DamageError('the tables', 'some key', 'flipped');
  }

  /** The process ends: a transaction that is not durable is lost. */
  crash(): void {
    this.#closed = true;
  }

  get slotOut(): Slot {
    return this.#disk.slotOut;
  }

  get bytes(): number {
    let bytes = 0;
    for (const [key, value] of this.#disk.entries) bytes += key.length + value.length;
    return bytes;
  }

  get(key: TableKey): Uint8Array | undefined {
    this.#check();
    return this.#disk.entries.get(key);
  }

  *range({ from, to, reverse }: KeyRange): Iterable<readonly [TableKey, Uint8Array]> {
    const keys = [...this.#disk.entries.keys()].filter((key) => key >= from && key < to).sort();
    if (reverse) keys.reverse();
    for (const key of keys) yield [key, this.#disk.entries.get(key) as Uint8Array];
  }

  write(entries: Iterable<Entry>, slotOut: Slot, done: (error?: Error) => void): void {
    this.#schedule(() => {
      if (this.#closed) return;
      if (this.failure !== undefined) return done(this.failure);
      for (const [key, value] of entries) {
        if (value === undefined) this.#disk.entries.delete(key);
        else this.#disk.entries.set(key, value);
      }
      this.#disk.slotOut = slotOut;
      done();
    });
  }

  snapshot(): StateSnapshot {
    const entries = [...this.range({ from: '', to: '\xff\xff', reverse: false })];
    return { slotOut: this.slotOut, entries: entries.values(), close: () => undefined };
  }

  stage(): Staging {
    const gathered: Entry[] = [];
    const soon = (run: () => void, done: (error?: Error) => void): void => {
      this.#schedule(() => {
        if (this.#closed) return;
        if (this.failure !== undefined) return done(this.failure);
        run();
        done();
      });
    };
    return {
      write: (entries, done) => soon(() => gathered.push(...entries), done),
      sync: (done) => soon(() => undefined, done),
      commit: (slotOut, done) => soon(() => this.#disk.replaceBy(gathered, slotOut), done),
      discard: () => undefined,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }
}

/** The state over tables in memory. */
export function openMemoryState(file: MemoryTableFile): OverlayState {
  return new OverlayState(file);
}
