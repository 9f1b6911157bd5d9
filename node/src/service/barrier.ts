import type { LogRecord } from '../paxos/effects.ts';
import type { Log } from '../storage/log.ts';
import { recordBytes } from '../storage/record.ts';

/** What is written to the log at a time, at most; a larger record goes alone. */
const BATCH_BYTES = 4 * 1024 * 1024;

interface Batch {
  readonly records: LogRecord[];
  bytes: number;
  /** Runs once these records, and all before them, are durable. */
  readonly held: (() => void)[];
  /** Of the messages among what is held. */
  heldBytes: number;
}

/**
 * Group commit, and what has to wait for it. While one batch of records is being flushed the next
 * one gathers; what is held leaves when every record queued before it, in whichever step, is
 * durable.
 */
export class Barrier {
  readonly #log: Log;
  readonly #failed: (error: Error) => void;
  /** In order; the first one is in flight, when one is. */
  readonly #batches: Batch[] = [];
  #isFlushing = false;
  #flushed = 0;
  #bytes = 0;
  #heldBytes = 0;

  /** @param failed called once when a write or sync failed: nothing that is held ever leaves */
  constructor(log: Log, failed: (error: Error) => void) {
    this.#log = log;
    this.#failed = failed;
  }

  /** The number of the batch that is being flushed; `undefined` while none is. */
  get flushing(): number | undefined {
    return this.#isFlushing ? this.#flushed : undefined;
  }

  /** How many batches are durable. */
  get flushed(): number {
    return this.#flushed;
  }

  /** Bytes of records that are not durable yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of messages that wait for records to be durable. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  persist(record: LogRecord): void {
    const bytes = recordBytes(record);
    this.#bytes += bytes;
    const last = this.#batches.at(-1);
    const isInFlight = this.#isFlushing && this.#batches.length === 1;
    if (last === undefined || isInFlight || last.bytes + bytes > BATCH_BYTES) {
      this.#batches.push({ records: [record], bytes, held: [], heldBytes: 0 });
      return;
    }
    last.records.push(record);
    last.bytes += bytes;
  }

  /**
   * Runs `release` once all that was queued before is durable: at once when it is already.
   * @param bytes of the message that it lets go, if it does
   */
  hold(release: () => void, bytes = 0): void {
    const last = this.#batches.at(-1);
    if (last === undefined) return release();
    last.held.push(release);
    last.heldBytes += bytes;
    this.#heldBytes += bytes;
  }

  /**
   * Begins to write what is queued, unless a batch is in flight.
   * @param released called after each batch, when all that it held has been released
   */
  flush(released: () => void): void {
    const [batch] = this.#batches;
    if (this.#isFlushing || batch === undefined) return;
    this.#isFlushing = true;
    this.#log.append(batch.records, (error) => {
      if (error !== undefined) return this.#failed(error);
      this.#batches.shift();
      this.#isFlushing = false;
      this.#flushed += 1;
      this.#bytes -= batch.bytes;
      this.#heldBytes -= batch.heldBytes;
      for (const release of batch.held) release();
      released();
    });
  }
}
