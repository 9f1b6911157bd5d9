import btree from 'sorted-btree';
import type { Bytes, Key, Range } from '../../../machines/src/port/tables.ts';

const BTree = btree.default;

/** What was written to a key; `null` where it was deleted. */
type Written = Bytes | null;

/**
 * What an overlay holds of one table. It is put in order when a range is asked for: most tables
 * have none, and a map takes less time.
 */
export class TableWrites {
  readonly #values = new Map<Key, Written>();
  #ordered: InstanceType<typeof BTree<Key, Written>> | undefined;
  /** Written since it was put in order. */
  readonly #changed = new Set<Key>();

  /** @returns `undefined` when nothing was written to it */
  get(key: Key): Written | undefined {
    return this.#values.get(key);
  }

  set(key: Key, value: Written): void {
    this.#values.set(key, value);
    if (this.#ordered !== undefined) this.#changed.add(key);
  }

  entries(): Iterable<readonly [Key, Written]> {
    return this.#values;
  }

  /** Costs what is taken of it. It is as it was at the beginning, whatever is written meanwhile. */
  *range({ from = '', to, reverse = false }: Range): Generator<readonly [Key, Written]> {
    const now = this.#inOrder().clone();
    for (const entry of reverse ? now.entriesReversed(to, undefined, true) : now.entries(from)) {
      if (reverse ? entry[0] < from : to !== undefined && entry[0] >= to) return;
      yield entry;
    }
  }

  #inOrder() {
    const changed = this.#ordered === undefined ? this.#values.keys() : this.#changed;
    const ordered = (this.#ordered ??= new BTree<Key, Written>(undefined, byBytes));
    for (const key of changed) ordered.set(key, this.#values.get(key) ?? null);
    this.#changed.clear();
    return ordered;
  }
}

function byBytes(a: Key, b: Key): number {
  return a < b ? -1 : Number(a > b);
}
