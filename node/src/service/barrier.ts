import type { LogRecord } from '../paxos/effects.ts';
import type { Log } from '../storage/log.ts';

/**
 * Group commit, and what has to wait for it. While one batch of records is being flushed the next
 * one gathers; what is held leaves when every record queued before it, in whichever step, is
 * durable.
 */
export class Barrier {
  readonly #log: Log;
  readonly #failed: (error: Error) => void;
  #queued: LogRecord[] = [];
  /** Waits for the records that are queued. */
  #next: (() => void)[] = [];
  /** Waits for the batch in flight; `undefined` while none is. */
  #inFlight: (() => void)[] | undefined;
  #batches = 0;

  /** @param failed called once when a write or sync failed: nothing that is held ever leaves */
  constructor(log: Log, failed: (error: Error) => void) {
    this.#log = log;
    this.#failed = failed;
  }

  /** The number of the batch that is being flushed; `undefined` while none is. */
  get flushing(): number | undefined {
    return this.#inFlight === undefined ? undefined : this.#batches;
  }

  persist(record: LogRecord): void {
    this.#queued.push(record);
  }

  /** Runs `release` once all that was queued before is durable: at once when it is already. */
  hold(release: () => void): void {
    if (this.#queued.length > 0) this.#next.push(release);
    else if (this.#inFlight !== undefined) this.#inFlight.push(release);
    else release();
  }

  /**
   * Begins to write what is queued, unless a batch is in flight.
   * @param released called after each batch, when all that it held has been released
   */
  flush(released: () => void): void {
    if (this.#inFlight !== undefined || this.#queued.length === 0) return;
    const records = this.#queued;
    this.#inFlight = this.#next;
    this.#queued = [];
    this.#next = [];
    this.#batches += 1;
    this.#log.append(records, (error) => {
      if (error !== undefined) return this.#failed(error);
      const held = this.#inFlight ?? [];
      this.#inFlight = undefined;
      for (const release of held) release();
      released();
    });
  }
}
