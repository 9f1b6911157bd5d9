import { SnapshotEncoder, type SnapshotHeader } from '../../../contract/src/snapshot-file.ts';
import { isOfClients } from '../machine/sessions.ts';
import { Chunks } from './chunks.ts';
import type { Digest, Digests } from './digest.ts';
import type { StateSnapshot } from './state.ts';
import { tableOf } from './table-key.ts';

/**
 * A state on disk as the bytes of a snapshot's file, a chunk at a time. Sessions stay behind: they
 * are of this cluster's clients.
 */
export class SnapshotBytes extends Chunks {
  readonly #snapshot: StateSnapshot;
  readonly #progress: { entries: number };

  /** @param about what the state does not say of itself */
  constructor(
    snapshot: StateSnapshot,
    about: Omit<SnapshotHeader, 'machine' | 'slot' | 'digests'>,
  ) {
    const progress = { entries: 0 };
    super(pieces(snapshot, about, progress));
    this.#snapshot = snapshot;
    this.#progress = progress;
  }

  /** What was read of it. */
  get entries(): number {
    return this.#progress.entries;
  }

  /** Entries that all of it has. */
  get of(): number {
    const { digests } = this.#snapshot.facts;
    return kept(digests).reduce((sum, [, { count }]) => sum + count, 0);
  }
}

function* pieces(
  { facts, entries }: StateSnapshot,
  about: Omit<SnapshotHeader, 'machine' | 'slot' | 'digests'>,
  progress: { entries: number },
): Generator<Uint8Array> {
  const encoder = new SnapshotEncoder();
  const { machine, slotOut: slot } = facts;
  if (machine === undefined) throw new Error('the state names no machine');
  const digests = Object.fromEntries(
    kept(facts.digests).map(
      ([table, { count, sum }]) => [table, [count, sum.toString(16)]] as const,
    ),
  );
  yield encoder.header({ ...about, machine, slot, digests });
  // To its end, also past what stays behind: only then it is known that all is what was written.
  for (let next = entries.next(); next.done !== true; next = entries.next()) {
    const [tableKey, value = new Uint8Array(0)] = next.value;
    const table = tableOf(tableKey);
    if (isOfClients(table)) continue;
    progress.entries += 1;
    yield encoder.entry({ table, key: tableKey.slice(table.length + 1), value });
  }
  yield encoder.end();
}

function kept(digests: Digests): [string, Digest][] {
  return digests.entries().filter(([table]) => !isOfClients(table));
}
