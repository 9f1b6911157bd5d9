import { Chunks } from './chunks.ts';
import type { Entry, TableKey } from './entry.ts';
import { encodeSharedFacts, parseSharedFacts, type SharedFacts } from './facts.ts';
import type { StateSnapshot } from './state.ts';

/*
 * A state on its way from one member to another: its facts as an entry, and then its entries, one
 * after the other, in any chunks.
 * Layout of an entry, big endian: key length u16 | key | value length u32 | value.
 */
const FACTS: TableKey = '\0facts';
const KEY_LENGTH_BYTES = 2;
const VALUE_LENGTH_BYTES = 4;

/** Reads entries as bytes, a chunk at a time. */
export class StateBytes extends Chunks {
  constructor(snapshot: Pick<StateSnapshot, 'entries' | 'facts'>) {
    super(pieces(snapshot));
  }
}

function* pieces({
  entries,
  facts,
}: Pick<StateSnapshot, 'entries' | 'facts'>): Generator<Uint8Array> {
  yield piece([FACTS, encodeSharedFacts(facts)]);
  for (let next = entries.next(); next.done !== true; next = entries.next()) {
    yield piece(next.value);
  }
}

function piece([key, value = new Uint8Array(0)]: Entry): Buffer {
  const head = Buffer.allocUnsafe(KEY_LENGTH_BYTES + key.length + VALUE_LENGTH_BYTES);
  head.writeUInt16BE(key.length, 0);
  head.write(key, KEY_LENGTH_BYTES, 'latin1');
  head.writeUInt32BE(value.length, KEY_LENGTH_BYTES + key.length);
  return Buffer.concat([head, value]);
}

/** Parses bytes, in whatever chunks they come, to entries. */
export class StateParser {
  #rest = Buffer.alloc(0);
  #facts: SharedFacts | undefined;

  /** What the state says of itself, once that is here. */
  get facts(): SharedFacts | undefined {
    return this.#facts;
  }

  /** No entry is half there. */
  get isWhole(): boolean {
    return this.#rest.length === 0;
  }

  /** @returns the entries that are whole with these bytes */
  take(bytes: Uint8Array): Entry[] {
    const all = Buffer.concat([this.#rest, bytes]);
    const entries: Entry[] = [];
    let at = 0;
    for (;;) {
      const keyAt = at + KEY_LENGTH_BYTES;
      if (keyAt > all.length) break;
      const lengthAt = keyAt + all.readUInt16BE(at);
      const valueAt = lengthAt + VALUE_LENGTH_BYTES;
      if (valueAt > all.length) break;
      const end = valueAt + all.readUInt32BE(lengthAt);
      if (end > all.length) break;
      const key = all.toString('latin1', keyAt, lengthAt);
      const value = all.subarray(valueAt, end);
      if (key === FACTS) this.#facts = parseSharedFacts(value);
      else entries.push([key, value]);
      at = end;
    }
    this.#rest = Buffer.from(all.subarray(at));
    return entries;
  }
}
