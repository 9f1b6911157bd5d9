import { MAX_UNANSWERED } from '../../../contract/src/command.ts';
import type { Bytes } from './tables.ts';

/** What an executed operation was answered, and the slot in which it ran. */
export interface StoredReply {
  readonly slot: number;
  readonly result: Bytes;
}

/** No more replies of one client are kept once they take so many bytes. A replicated rule, too. */
export const MAX_REPLY_BYTES = 16 * 1024 * 1024;

const VERSION = 1;
const HEADER_BYTES = 1 + 8 + 4;
const REPLY_HEADER_BYTES = 8 + 8 + 4;

/** One client's part of the duplicate filter: a reply for each executed number from `lowest` on. */
export class Session {
  /** Changed since it was last written to the tables. */
  dirty = false;
  #lowest = 1;
  #replyBytes = 0;
  /** No stored number is higher. It may be too high: it only saves looking. */
  #highest = 0;
  readonly #replies = new Map<number, StoredReply>();

  /** Numbers below it were answered, as the client said: they never run again. */
  get lowest(): number {
    return this.#lowest;
  }

  reply(number: number): StoredReply | undefined {
    return this.#replies.get(number);
  }

  /** How many of the `count` numbers from `number` on have not run. */
  missing(number: number, count: number): number {
    if (number > this.#highest) return count;
    let missing = 0;
    for (let i = 0; i < count; i++) if (!this.#replies.has(number + i)) missing++;
    return missing;
  }

  hasRoomFor(count: number): boolean {
    return this.#replies.size + count <= MAX_UNANSWERED && this.#replyBytes < MAX_REPLY_BYTES;
  }

  store(number: number, reply: StoredReply): void {
    this.#replies.set(number, reply);
    this.#replyBytes += reply.result.length;
    if (number > this.#highest) this.#highest = number;
  }

  /** The client has the answers of every number below `lowest`. @returns whether that was news */
  forgetBelow(lowest: number): boolean {
    if (lowest <= this.#lowest) return false;
    if (lowest - this.#lowest <= this.#replies.size) {
      for (let number = this.#lowest; number < lowest; number++) this.#forget(number);
    } else {
      for (const number of this.#replies.keys()) if (number < lowest) this.#forget(number);
    }
    this.#lowest = lowest;
    return true;
  }

  #forget(number: number): void {
    const reply = this.#replies.get(number);
    if (reply === undefined) return;
    this.#replyBytes -= reply.result.length;
    this.#replies.delete(number);
  }

  /**
   * The same bytes for the same session, in whatever order its commands ran.
   * Layout, big endian: version u8 | lowest f64 | count u32 |
   * count × (number f64 | slot f64 | length u32 | result), by number.
   */
  encode(): Bytes {
    const numbers = [...this.#replies.keys()].sort((a, b) => a - b);
    const size = HEADER_BYTES + numbers.length * REPLY_HEADER_BYTES + this.#replyBytes;
    const bytes = Buffer.allocUnsafeSlow(size);
    bytes[0] = VERSION;
    bytes.writeDoubleBE(this.#lowest, 1);
    bytes.writeUInt32BE(numbers.length, 9);
    let at = HEADER_BYTES;
    for (const number of numbers) {
      const reply = this.#replies.get(number);
      if (reply === undefined) continue;
      bytes.writeDoubleBE(number, at);
      bytes.writeDoubleBE(reply.slot, at + 8);
      bytes.writeUInt32BE(reply.result.length, at + 16);
      bytes.set(reply.result, at + REPLY_HEADER_BYTES);
      at += REPLY_HEADER_BYTES + reply.result.length;
    }
    return bytes;
  }

  /** @throws Error when the bytes are of another version: the state is not ours to go on with */
  static decode(stored: Bytes): Session {
    // A copy: the replies are views of it, and outlive what the tables lend for a read.
    const bytes = Buffer.from(stored);
    if (bytes[0] !== VERSION) throw new Error(`a session of version ${String(bytes[0])}`);
    const session = new Session();
    session.#lowest = bytes.readDoubleBE(1);
    const count = bytes.readUInt32BE(9);
    let at = HEADER_BYTES;
    for (let i = 0; i < count; i++) {
      const end = at + REPLY_HEADER_BYTES + bytes.readUInt32BE(at + 16);
      const result = bytes.subarray(at + REPLY_HEADER_BYTES, end);
      session.store(bytes.readDoubleBE(at), { slot: bytes.readDoubleBE(at + 8), result });
      at = end;
    }
    return session;
  }
}
