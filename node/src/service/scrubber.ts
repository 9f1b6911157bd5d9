/** Looks at a part of the state on disk now and then, and rests when it has seen all of it. */
export class Scrubber {
  readonly #scrub: () => boolean;
  readonly #ticks: number;
  readonly #restTicks: number;
  #ticksLeft: number;

  /**
   * @param scrub looks at the next part; says whether it was the last one
   * @param ticks between two parts
   * @param restTicks after the last part
   */
  constructor(scrub: () => boolean, ticks: number, restTicks: number) {
    this.#scrub = scrub;
    this.#ticks = ticks;
    this.#restTicks = restTicks;
    this.#ticksLeft = ticks;
  }

  tick(): void {
    this.#ticksLeft -= 1;
    if (this.#ticksLeft > 0) return;
    this.#ticksLeft = this.#scrub() ? this.#restTicks : this.#ticks;
  }
}
