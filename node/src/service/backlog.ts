import type { DriverSettings } from './driver-ports.ts';

/**
 * What waits for the disk, of the log and the state, against its bound. Beyond it a member takes
 * nothing new; what it lacks then it learns later, from the others' logs.
 */
export class Backlog {
  readonly #settings: Pick<DriverSettings, 'stallTicks' | 'unwrittenBytes'>;
  readonly #bytes: () => number;
  #isFull = false;
  /** Ticks since it is. */
  #ticks = 0;

  /** @param bytes that are in memory alone, when it is asked */
  constructor(
    settings: Pick<DriverSettings, 'stallTicks' | 'unwrittenBytes'>,
    bytes: () => number,
  ) {
    this.#settings = settings;
    this.#bytes = bytes;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** @returns whether that has changed */
  weigh(): boolean {
    const wasFull = this.#isFull;
    this.#isFull = this.#bytes() > this.#settings.unwrittenBytes;
    return this.#isFull !== wasFull;
  }

  /** One tick passed. @returns whether it is full for long: once for every `stallTicks` of it */
  tick(): boolean {
    this.#ticks = this.#isFull ? this.#ticks + 1 : 0;
    return this.#ticks > 0 && this.#ticks % this.#settings.stallTicks === 0;
  }
}
