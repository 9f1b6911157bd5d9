import { Duration } from '../paxos/duration.ts';
import type { Barrier } from './barrier.ts';

/** Without a write for so many ticks, nobody knows how long the disk takes. */
const FORGOTTEN_TICKS = 6_000;

/** Measures how long the disk takes for a batch of records: whether one takes `stallTicks`. */
export class DiskWatch {
  readonly #barrier: Barrier;
  readonly #stallTicks: number;
  #took = new Duration();
  /** Ticks since a batch was durable last. */
  #idle = 0;
  #flushed = 0;
  #flushing: number | undefined;
  /** Ticks since the batch that is being flushed was first seen. */
  #ticks = 0;

  constructor(barrier: Barrier, stallTicks: number) {
    this.#barrier = barrier;
    this.#stallTicks = stallTicks;
  }

  /** Ticks that the batch which is being flushed has taken by now. */
  get ticks(): number {
    return this.#ticks;
  }

  get isStalled(): boolean {
    return this.#ticks >= this.#stallTicks;
  }

  /** Ticks that a batch takes lately, or has taken by now. */
  get writeTicks(): number {
    return Math.max(this.#took.ticks ?? 0, this.#ticks);
  }

  /** @returns whether something has to be done: once for every `stallTicks` of the same batch */
  tick(): boolean {
    const { flushing, flushed } = this.#barrier;
    this.#idle = flushed === this.#flushed ? this.#idle + 1 : 0;
    if (this.#idle === 0) this.#took.took(this.#ticks);
    if (this.#idle === FORGOTTEN_TICKS) this.#took = new Duration();
    this.#flushed = flushed;
    const isSame = flushing !== undefined && flushing === this.#flushing;
    this.#ticks = isSame ? this.#ticks + 1 : 0;
    this.#flushing = flushing;
    return this.isStalled && this.#ticks % this.#stallTicks === 0;
  }
}
