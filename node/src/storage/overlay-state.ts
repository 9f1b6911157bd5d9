import type { Bytes, Key, Range, Tables } from '../../../machines/src/port/tables.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { CheckedTables } from './checked-tables.ts';
import type { Entry } from './entry.ts';
import type { Facts } from './facts.ts';
import type { KeyRange } from './raw-file.ts';
import type { Cut, CutFacts, StateSnapshot, StateStore, Staging } from './state.ts';
import { tableKey } from './table-key.ts';
import { TableWrites } from './table-writes.ts';

/** By table. */
type Writes = Map<string, TableWrites>;

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
      writes = new TableWrites();
      this.#active.set(table, writes);
    }
    writes.set(key, value);
    this.#bytes += key.length + (value?.length ?? 0);
  }

  *#range(table: string, range: Range): Iterable<readonly [Key, Bytes]> {
    const { from = '', to, reverse = false, limit = Infinity } = range;
    let left = limit;
    if (left <= 0) return;
    let entries: Ordered = this.#stored(table, { from, ...(to !== undefined && { to }), reverse });
    for (const overlay of [...this.#frozen, this.#active]) {
      const writes = overlay.get(table);
      if (writes !== undefined) entries = merge(writes.range(range), entries, reverse);
    }
    for (const [key, value] of entries) {
      if (value === null) continue;
      yield [key, value];
      left -= 1;
      if (left <= 0) return;
    }
  }

  *#stored(
    table: string,
    { from, to, reverse }: Range & { from: Key },
  ): Generator<readonly [Key, Bytes]> {
    const prefix = tableKey(table, '');
    const keys: KeyRange = {
      from: tableKey(table, from),
      to: to === undefined ? `${table}\u0001` : tableKey(table, to),
      reverse: reverse === true,
    };
    for (const [key, value] of this.#file.range(keys)) yield [key.slice(prefix.length), value];
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
  for (const [table, written] of writes) {
    for (const [key, value] of written.entries()) yield [tableKey(table, key), value ?? undefined];
  }
}

type Ordered = Iterable<readonly [key: Key, value: Bytes | null]>;

/** Merges two ordered runs; where both have a key, the newer one's counts. */
function* merge(
  newer: Ordered,
  older: Ordered,
  reverse: boolean,
): Generator<readonly [Key, Bytes | null]> {
  const [first, second] = [newer[Symbol.iterator](), older[Symbol.iterator]()];
  try {
    let [a, b] = [first.next(), second.next()];
    for (;;) {
      if (a.done === true && b.done === true) return;
      if (a.done === true || (b.done !== true && comesFirst(b.value[0], a.value[0], reverse))) {
        if (b.done !== true) yield b.value;
        b = second.next();
      } else {
        if (b.done !== true && a.value[0] === b.value[0]) b = second.next();
        yield a.value;
        a = first.next();
      }
    }
  } finally {
    for (const each of [first, second]) each.return?.();
  }
}

function comesFirst(a: Key, b: Key, reverse: boolean): boolean {
  return a !== b && a < b !== reverse;
}
