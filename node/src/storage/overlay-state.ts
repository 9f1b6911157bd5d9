import type { Bytes, Key, Range, Tables } from '../machine/tables.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { CheckedTables } from './checked-tables.ts';
import type { Entry } from './entry.ts';
import type { Facts } from './facts.ts';
import type { KeyRange, RawEntry } from './raw-file.ts';
import type { Cut, CutFacts, StateSnapshot, StateStore, Staging } from './state.ts';
import { tableKey } from './table-key.ts';

/** Table to key to value; `null` where it was deleted. */
type Writes = Map<string, Map<Key, Bytes | null>>;

/**
 * The state as an overlay in memory over a file: the machine writes to the overlay, a cut freezes
 * it and writes it in one transaction. Reads look through all of them.
 */
export class OverlayState implements StateStore {
  readonly tables: Tables;
  readonly #file: CheckedTables;
  #active: Writes = new Map();
  /** Of cuts that are not on disk yet, the oldest first. */
  readonly #frozen: Writes[] = [];
  #bytes = 0;
  #frozenBytes = 0;

  constructor(file: CheckedTables) {
    this.#file = file;
    this.tables = {
      get: (table, key) => this.#get(table, key),
      put: (table, key, value) => this.#put(table, key, value),
      delete: (table, key) => this.#put(table, key, null),
      range: (table, range) => this.#range(table, range ?? {}),
    };
  }

  get facts(): Facts {
    return this.#file.facts;
  }

  get flushedSlotOut(): Slot {
    return this.#file.facts.slotOut;
  }

  get overlayBytes(): number {
    return this.#bytes;
  }

  get unwrittenBytes(): number {
    return this.#frozenBytes + this.#bytes;
  }

  get bytes(): number {
    return this.#file.bytes;
  }

  get usedBytes(): number {
    return this.#file.usedBytes;
  }

  cut(slotOut: Slot, facts: CutFacts = {}): Cut {
    const writes = this.#active;
    this.#frozen.push(writes);
    this.#active = new Map();
    const bytes = this.#bytes;
    this.#frozenBytes += bytes;
    this.#bytes = 0;
    return {
      slotOut,
      write: (done) => {
        if (this.#frozen[0] !== writes) throw new Error('the cut before is not written yet');
        this.#file.write(entriesOf(writes), slotOut, facts, (error) => {
          if (error === undefined) {
            this.#frozen.shift();
            this.#frozenBytes -= bytes;
          }
          done(error);
        });
      },
    };
  }

  historyAt(slot: Slot): bigint | undefined {
    return this.#file.historyAt(slot);
  }

  scrub(): boolean {
    return this.#file.scrub();
  }

  #get(table: string, key: Key): Bytes | undefined {
    let written = this.#active.get(table)?.get(key);
    for (let i = this.#frozen.length - 1; written === undefined && i >= 0; i--) {
      written = this.#frozen[i]?.get(table)?.get(key);
    }
    if (written === undefined) return this.#file.get(tableKey(table, key));
    return written ?? undefined;
  }

  #put(table: string, key: Key, value: Bytes | null): void {
    let writes = this.#active.get(table);
    if (writes === undefined) {
      writes = new Map();
      this.#active.set(table, writes);
    }
    writes.set(key, value);
    this.#bytes += key.length + (value?.length ?? 0);
  }

  *#range(table: string, range: Range): Iterable<readonly [Key, Bytes]> {
    const { from = '', to, reverse = false, limit = Infinity } = range;
    const prefix = tableKey(table, '');
    const keys: KeyRange = {
      from: tableKey(table, from),
      to: to === undefined ? `${table}\u0001` : tableKey(table, to),
      reverse,
    };
    let left = limit;
    if (left <= 0) return;
    const overlaid = this.#overlaid(table, { ...range, from, reverse });
    for (const [key, value] of merge(overlaid, this.#file.range(keys), reverse)) {
      if (value === undefined) continue;
      yield [key.slice(prefix.length), value];
      left -= 1;
      if (left <= 0) return;
    }
  }

  /** What the overlays hold of a range, in order. */
  #overlaid(table: string, { from = '', to, reverse }: Range): Entry[] {
    const writes = new Map<Key, Bytes | null>();
    for (const overlay of [...this.#frozen, this.#active]) {
      for (const [key, value] of overlay.get(table) ?? []) {
        if (key >= from && (to === undefined || key < to)) writes.set(key, value);
      }
    }
    const inOrder = [...writes].sort(([a], [b]) => (a < b === reverse ? 1 : -1));
    return inOrder.map(([key, value]) => [tableKey(table, key), value ?? undefined]);
  }

  snapshot(): StateSnapshot {
    return this.#file.snapshot();
  }

  stage(): Staging {
    return this.#file.stage();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function* entriesOf(writes: Writes): Iterable<Entry> {
  for (const [table, entries] of writes) {
    for (const [key, value] of entries) yield [tableKey(table, key), value ?? undefined];
  }
}

/** Merges two ordered runs of entries; where both have a key, the first one's counts. */
function* merge(
  overlay: readonly Entry[],
  file: Iterable<RawEntry>,
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
