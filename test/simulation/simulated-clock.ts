import type { Scheduler } from './scheduler.ts';

/** The clock of one machine: it may run fast or slow, and jump. */
export class SimulatedClock {
  readonly #scheduler: Scheduler;
  #rate = 1;
  /** What it showed, and when that was. */
  #shown = 0;
  #at = 0;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get rate(): number {
    return this.#rate;
  }

  /** In its milliseconds, from an arbitrary origin. */
  now(): number {
    return this.#shown + (this.#scheduler.now - this.#at) * this.#rate;
  }

  setRate(rate: number): void {
    this.jump(0);
    this.#rate = rate;
  }

  jump(ms: number): void {
    this.#shown = this.now() + ms;
    this.#at = this.#scheduler.now;
  }
}
