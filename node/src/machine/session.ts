import { asBuffer } from '../../../contract/src/bytes.ts';
import { MAX_UNANSWERED } from '../../../contract/src/command.ts';
import type { Bytes } from '../../../machines/src/port/tables.ts';

/** Of an operation that was refused for good: it has not run, and never will. */
export const REFUSED = undefined;
type Result = Bytes | typeof REFUSED;

/** What an operation was answered, and the slot in which it ran or was refused. */
export interface StoredReply {
  readonly slot: number;
  readonly result: Result;
}

/** The replies of operations with consecutive numbers in one slot: a command's, mostly. */
interface Run {
  /** Of the first of them. */
  readonly number: number;
  readonly slot: number;
  readonly results: readonly Result[];
}

/** No more replies of one client are kept once they take so many bytes. A replicated rule, too. */
export const MAX_REPLY_BYTES = 16 * 1024 * 1024;

/** Of a session that ends. */
export interface SessionLife {
  /** The slot in which it was opened: two sessions of one client differ in it. */
  readonly opened: number;
  /** The slot in which its last command was applied. */
  readonly touched: number;
  /** It ends after a silence of so many ms, as a leader has measured it. */
  readonly ttlMs: number;
}

interface OwnLife extends SessionLife {
  touched: number;
}

/** Of one that never ends: of a client without sessions, or in the state of an older Synod. */
const ENDLESS_VERSION = 1;
const VERSION = 2;
const LIFE_BYTES = 3 * 8;
const HEADER_BYTES = 1 + 8 + 4;
const REPLY_HEADER_BYTES = 8 + 8 + 4;
/** In the place of the length of a result. */
const REFUSED_LENGTH = 0xffffffff;

/** One client's part of the duplicate filter: a reply for each number from `lowest` on. */
export class Session {
  /** Changed since it was last written to the tables. */
  dirty = false;
  /** Its bytes, as they were counted last. */
  weighed = 0;
  #lowest = 1;
  #replies = 0;
  #replyBytes = 0;
  /** No stored number is higher. It may be too high: it only saves looking. */
  #highest = 0;
  /** By number; no two of them have a number in common. */
  readonly #runs: Run[] = [];
  readonly #life: OwnLife | undefined;

  /** @param life without it, it never ends */
  constructor(life?: SessionLife) {
    this.#life = life && { ...life };
  }

  /** As it is now: it goes on. */
  get life(): SessionLife | undefined {
    return this.#life;
  }

  /** A command of it is applied in that slot. */
  touch(slot: number): void {
    if (this.#life !== undefined) this.#life.touched = slot;
  }

  /** What it takes in the tables. */
  get bytes(): number {
    return this.#headerBytes + this.#replies * REPLY_HEADER_BYTES + this.#replyBytes;
  }

  get #headerBytes(): number {
    return HEADER_BYTES + (this.#life === undefined ? 0 : LIFE_BYTES);
  }

  /** Numbers below it were answered, as the client said: they never run again. */
  get lowest(): number {
    return this.#lowest;
  }

  reply(number: number): StoredReply | undefined {
    const run = this.#runs[this.#following(number) - 1];
    if (run === undefined || number >= run.number + run.results.length) return undefined;
    return { slot: run.slot, result: run.results[number - run.number] };
  }

  /** The index of the first run that begins after `number`. */
  #following(number: number): number {
    let low = 0;
    for (let high = this.#runs.length; low < high;) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle]?.number ?? Infinity) <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many of the `count` numbers from `number` on have not run. */
  missing(number: number, count: number): number {
    if (number > this.#highest) return count;
    let missing = 0;
    for (let i = 0; i < count; i++) if (this.reply(number + i) === undefined) missing++;
    return missing;
  }

  hasRoomFor(count: number): boolean {
    return this.#replies + count <= MAX_UNANSWERED && this.#replyBytes < MAX_REPLY_BYTES;
  }

  /** Keeps the results of operations that had none, from `number` on. */
  store(number: number, slot: number, results: readonly Result[]): void {
    const run = { number, slot, results };
    if (number > this.#highest) this.#runs.push(run);
    else this.#runs.splice(this.#following(number), 0, run);
    this.#highest = Math.max(this.#highest, number + results.length - 1);
    this.#replies += results.length;
    for (const result of results) this.#replyBytes += result?.length ?? 0;
  }

  /** The client has the answers of every number below `lowest`. @returns whether that was news */
  forgetBelow(lowest: number): boolean {
    if (lowest <= this.#lowest) return false;
    this.#lowest = lowest;
    for (let run = this.#runs[0]; run && run.number < lowest; run = this.#runs[0]) {
      this.#runs.shift();
      const { number, slot, results } = run;
      this.#replies -= results.length;
      for (const result of results) this.#replyBytes -= result?.length ?? 0;
      const left = results.slice(lowest - number);
      if (left.length > 0) this.store(lowest, slot, left);
    }
    return true;
  }

  /**
   * The same bytes for the same session, in whatever order its commands ran.
   * Layout, big endian: version u8 | of one that ends: opened f64, touched f64, ttlMs f64 |
   * lowest f64 | count u32 | count × (number f64 | slot f64 | length u32 | result), by number. What
   * was refused has all bits set for its length, and no result.
   */
  encode(): Bytes {
    const bytes = Buffer.allocUnsafeSlow(this.bytes);
    bytes[0] = this.#life === undefined ? ENDLESS_VERSION : VERSION;
    if (this.#life !== undefined) {
      bytes.writeDoubleBE(this.#life.opened, 1);
      bytes.writeDoubleBE(this.#life.touched, 9);
      bytes.writeDoubleBE(this.#life.ttlMs, 17);
    }
    let at = this.#headerBytes;
    bytes.writeDoubleBE(this.#lowest, at - 12);
    bytes.writeUInt32BE(this.#replies, at - 4);
    for (const { number, slot, results } of this.#runs) {
      for (const [i, result] of results.entries()) {
        bytes.writeDoubleBE(number + i, at);
        bytes.writeDoubleBE(slot, at + 8);
        bytes.writeUInt32BE(result?.length ?? REFUSED_LENGTH, at + 16);
        at += REPLY_HEADER_BYTES;
        if (result === REFUSED) continue;
        bytes.set(result, at);
        at += result.length;
      }
    }
    return bytes;
  }

  /** @throws Error when the bytes are of another version: the state is not ours to go on with */
  static decode(stored: Bytes): Session {
    // A copy: the replies are views of it, and outlive what the tables lend for a read.
    const bytes = Buffer.from(stored);
    const session = new Session(lifeOf(bytes));
    let at = session.#headerBytes;
    session.#lowest = bytes.readDoubleBE(at - 12);
    const count = bytes.readUInt32BE(at - 4);
    for (let i = 0; i < count; i++) {
      const length = bytes.readUInt32BE(at + 16);
      const begin = at + REPLY_HEADER_BYTES;
      const end = length === REFUSED_LENGTH ? begin : begin + length;
      const result = length === REFUSED_LENGTH ? REFUSED : bytes.subarray(begin, end);
      session.store(bytes.readDoubleBE(at), bytes.readDoubleBE(at + 8), [result]);
      at = end;
    }
    return session;
  }
}

/**
 * The life of an encoded session.
 * @returns `undefined` for one that never ends
 * @throws Error when the bytes are of another version
 */
export function lifeOf(stored: Bytes): SessionLife | undefined {
  if (stored[0] === ENDLESS_VERSION) return undefined;
  if (stored[0] !== VERSION) throw new Error(`a session of version ${String(stored[0])}`);
  const view = asBuffer(stored);
  return {
    opened: view.readDoubleBE(1),
    touched: view.readDoubleBE(9),
    ttlMs: view.readDoubleBE(17),
  };
}
