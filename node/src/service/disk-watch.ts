import type { Barrier } from './barrier.ts';

/** Notices that the disk does not finish a batch of records within `stallTicks`. */
export class DiskWatch {
  readonly #barrier: Barrier;
  readonly #stallTicks: number;
  #flushing: number | undefined;
  /** Ticks since the batch that is being flushed was first seen. */
  #ticks = 0;

  constructor(barrier: Barrier, stallTicks: number) {
    this.#barrier = barrier;
    this.#stallTicks = stallTicks;
  }

  get isStalled(): boolean {
    return this.#ticks >= this.#stallTicks;
  }

  /** @returns whether something has to be done: once for every `stallTicks` of the same batch */
  tick(): boolean {
    const { flushing } = this.#barrier;
    const isSame = flushing !== undefined && flushing === this.#flushing;
    this.#ticks = isSame ? this.#ticks + 1 : 0;
    this.#flushing = flushing;
    return this.isStalled && this.#ticks % this.#stallTicks === 0;
  }
}
