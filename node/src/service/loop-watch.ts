import type { Alarm } from '../../../contract/src/alarms.ts';

const LOOK_MS = 100;
/** A loop that stands still for so long makes others suspect a leader. */
const STALL_MS = 1_000;
/** It says so for as long after it: while it stands still it can say nothing. */
const HELD_MS = 5_000;

/** Notices that the event loop of this process stood still. */
export class LoopWatch {
  readonly #now: () => number;
  #lookedAt: number;
  #stalledAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** @param now monotonic milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lookedAt = now();
  }

  start(): void {
    this.#lookedAt = this.#now();
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** To be called every 100 ms. */
  look(): void {
    const now = this.#now();
    if (now - this.#lookedAt >= LOOK_MS + STALL_MS) this.#stalledAt = now;
    this.#lookedAt = now;
  }

  get alarms(): Alarm[] {
    return this.#now() - this.#stalledAt < HELD_MS ? [stalled] : [];
  }
}

const stalled: Alarm = {
  code: 'loop-stalled',
  sentence:
    'Within the last seconds the event loop of this process stood still for more than a second. ' +
    'See whether the process lacks CPU or memory, or whether something stops it.',
};
