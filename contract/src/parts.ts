import { crc32 } from 'node:zlib';
import { asBuffer } from './bytes.ts';
import { ENVELOPE_BYTES, isUnopened, seal, unseal, type Unopened } from './envelope.ts';

/*
 * What is larger than a message of NATS may be (max_payload) travels in parts. In an envelope:
 * crc32 of the whole u32 | its length u32 | where the part stands in it u32 | bytes.
 * The whole has an envelope of its own: one that was put together wrongly is found there.
 */
export const PART_VERSION = 200;

const HEADER_BYTES = ENVELOPE_BYTES + 4 + 4 + 4;
/** No whole is larger: the largest value, and a page before it, fit easily. */
export const LARGEST_WHOLE = 4 * 1024 * 1024;
/** Of parts that wait for others. When there are more, the oldest whole is given up. */
const WAITING_BYTES = 2 * LARGEST_WHOLE;
/** What a part takes beside its bytes: it may have a single one. */
const OVERHEAD_BYTES = 256;

/**
 * Cuts what is too large for one message.
 * @param limit bytes of a message
 */
export function partsOf(whole: Uint8Array, limit: number): Uint8Array[] {
  const checksum = crc32(whole);
  const room = limit - HEADER_BYTES;
  if (room < 1) throw new RangeError(`no part fits into ${limit} bytes`);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < whole.length; at += room) {
    const bytes = whole.subarray(at, at + room);
    const part = Buffer.allocUnsafe(HEADER_BYTES + bytes.length);
    part.writeUInt32LE(checksum, ENVELOPE_BYTES);
    part.writeUInt32LE(whole.length, ENVELOPE_BYTES + 4);
    part.writeUInt32LE(at, ENVELOPE_BYTES + 8);
    part.set(bytes, HEADER_BYTES);
    parts.push(seal(part, PART_VERSION));
  }
  return parts;
}

/** The parts of a whole that have come, by where they stand in it. */
interface Waiting {
  readonly parts: Map<number, Uint8Array>;
  /** Of the whole. */
  had: number;
}

/**
 * Puts parts together again, in whatever order they come. It holds what has come, and makes no room
 * for what is said to come: anybody may say that.
 */
export class Parts {
  /** By checksum and length; the oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  /** What the parts take that wait for others. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @returns what is no part as it is; of parts the whole, with the last one that was missing */
  take(message: Uint8Array): Uint8Array | Unopened | undefined {
    if (message[0] !== PART_VERSION) return message;
    const content = unseal(asBuffer(message), PART_VERSION);
    if (isUnopened(content)) return content;
    if (content.length <= HEADER_BYTES - ENVELOPE_BYTES) return { malformed: 'an empty part' };
    const [checksum, length, at] = [0, 4, 8].map((field) => content.readUInt32LE(field));
    const bytes = content.subarray(HEADER_BYTES - ENVELOPE_BYTES);
    if (checksum === undefined || length === undefined || at === undefined) return undefined;
    if (length > LARGEST_WHOLE || at + bytes.length > length) {
      return { malformed: `a part at ${at} of ${length} bytes` };
    }
    return this.#add(`${checksum} ${length}`, length, at, bytes);
  }

  #add(id: string, length: number, at: number, bytes: Buffer): Uint8Array | Unopened | undefined {
    const waiting = this.#waiting.get(id) ?? this.#begin(id);
    if (waiting.parts.has(at)) return undefined;
    // A copy: what it is a view of may be much larger.
    waiting.parts.set(at, new Uint8Array(bytes));
    waiting.had += bytes.length;
    this.#bytes += bytes.length + OVERHEAD_BYTES;
    if (waiting.had < length) {
      this.#bound();
      return undefined;
    }
    this.#forget(id, waiting);
    return joined(waiting.parts) ?? { malformed: 'parts that overlap' };
  }

  #begin(id: string): Waiting {
    const waiting = { parts: new Map<number, Uint8Array>(), had: 0 };
    this.#waiting.set(id, waiting);
    return waiting;
  }

  #bound(): void {
    for (const [oldest, waiting] of this.#waiting) {
      if (this.#bytes <= WAITING_BYTES) return;
      this.#forget(oldest, waiting);
    }
  }

  #forget(id: string, { parts, had }: Waiting): void {
    this.#waiting.delete(id);
    this.#bytes -= had + parts.size * OVERHEAD_BYTES;
  }
}

/** @returns `undefined` unless each begins where the one before it ends */
function joined(parts: ReadonlyMap<number, Uint8Array>): Buffer | undefined {
  const inOrder = [...parts].sort(([a], [b]) => a - b);
  let end = 0;
  for (const [at, bytes] of inOrder) {
    if (at !== end) return undefined;
    end += bytes.length;
  }
  return Buffer.concat(inOrder.map(([, bytes]) => bytes));
}
