import type { Bytes, Range, Tables } from '../machine/tables.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { Cut, StateStore } from './state.ts';
import type { Entry, KeyRange, TableFile, TableKey } from './table-file.ts';

type Writes = Map<TableKey, Bytes | undefined>;

/**
 * The state as an overlay in memory over a file: the machine writes to the overlay, a cut freezes
 * it and writes it in one transaction. Reads look through both.
 */
export class OverlayState implements StateStore {
  readonly tables: Tables;
  readonly #file: TableFile;
  #active: Writes = new Map();
  #frozen: Writes = new Map();
  #cutting = false;
  #bytes = 0;

  constructor(file: TableFile) {
    this.#file = file;
    this.tables = {
      get: (table, key) => this.#get(keyOf(table, key)),
      put: (table, key, value) => this.#put(keyOf(table, key), value),
      delete: (table, key) => this.#put(keyOf(table, key), undefined),
      range: (table, range) => this.#range(table, range ?? {}),
    };
  }

  get flushedSlotOut(): Slot {
    return this.#file.slotOut;
  }

  get overlayBytes(): number {
    return this.#bytes;
  }

  get bytes(): number {
    return this.#file.bytes;
  }

  cut(slotOut: Slot): Cut {
    if (this.#cutting) throw new Error('the cut before is not written yet');
    this.#cutting = true;
    this.#frozen = this.#active;
    this.#active = new Map();
    this.#bytes = 0;
    return {
      slotOut,
      write: (done) => {
        this.#file.write(this.#frozen, slotOut, (error) => {
          if (error === undefined) {
            this.#frozen = new Map();
            this.#cutting = false;
          }
          done(error);
        });
      },
    };
  }

  #get(key: TableKey): Bytes | undefined {
    if (this.#active.has(key)) return this.#active.get(key);
    if (this.#frozen.has(key)) return this.#frozen.get(key);
    return this.#file.get(key);
  }

  #put(key: TableKey, value: Bytes | undefined): void {
    this.#active.set(key, value);
    this.#bytes += key.length + (value?.length ?? 0);
  }

  *#range(table: string, range: Range): Iterable<readonly [Bytes, Bytes]> {
    const { from, to, reverse = false, limit = Infinity } = range;
    const prefix = `${table}\0`;
    const keys: KeyRange = {
      from: from === undefined ? prefix : keyOf(table, from),
      to: to === undefined ? `${table}\u0001` : keyOf(table, to),
      reverse,
    };
    let left = limit;
    if (left <= 0) return;
    for (const [key, value] of merge(this.#overlaid(keys), this.#file.range(keys), reverse)) {
      if (value === undefined) continue;
      yield [Buffer.from(key.slice(prefix.length), 'latin1'), value];
      left -= 1;
      if (left <= 0) return;
    }
  }

  /** What the overlays hold of a range, in order. */
  #overlaid({ from, to, reverse }: KeyRange): Entry[] {
    const writes: Writes = new Map();
    for (const overlay of [this.#frozen, this.#active]) {
      for (const [key, value] of overlay) if (key >= from && key < to) writes.set(key, value);
    }
    return [...writes].sort(([a], [b]) => (a < b === reverse ? 1 : -1));
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function keyOf(table: string, key: Bytes): TableKey {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return `${table}\0${bytes.toString('latin1')}`;
}

/** Merges two ordered runs of entries; where both have a key, the first one's counts. */
function* merge(
  overlay: readonly Entry[],
  file: Iterable<readonly [TableKey, Bytes]>,
  reverse: boolean,
): Iterable<Entry> {
  let next = 0;
  for (const stored of file) {
    for (let entry = overlay[next]; entry !== undefined; entry = overlay[next]) {
      if (entry[0] !== stored[0] && entry[0] > stored[0] !== reverse) break;
      next += 1;
      yield entry;
    }
    if (overlay[next - 1]?.[0] !== stored[0]) yield stored;
  }
  yield* overlay.slice(next);
}
