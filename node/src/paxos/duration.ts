/** By this share of the difference a shorter time brings the memory of a longer one down. */
const FORGOTTEN = 1 / 8;

/** How long something takes lately, in ticks. The longest counts at once, a shorter one slowly. */
export class Duration {
  #ticks: number | undefined;

  /** `undefined` as long as nothing was measured. */
  get ticks(): number | undefined {
    return this.#ticks;
  }

  took(ticks: number): void {
    const before = this.#ticks ?? ticks;
    this.#ticks = Math.max(ticks, before + FORGOTTEN * (ticks - before));
  }
}
