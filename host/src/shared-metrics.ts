/** As it is sent. */
export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** So long one text is shared: nobody looks more often, and it takes milliseconds to write. */
export const SHARED_MS = 250;

/** One text of the metrics for all who ask for it at once, or soon after one another. */
export class SharedMetrics {
  readonly #write: () => Promise<MetricsText>;
  readonly #now: () => number;
  #written: Promise<MetricsText> | undefined;
  /** Until then it is shared; while it is being written, in any case. */
  #until = 0;

  /** @param now in milliseconds */
  constructor(write: () => Promise<MetricsText>, now = (): number => performance.now()) {
    this.#write = write;
    this.#now = now;
  }

  read(): Promise<MetricsText> {
    if (this.#written !== undefined && this.#now() < this.#until) return this.#written;
    const written = this.#writing();
    this.#written = written;
    this.#until = Infinity;
    return written;
  }

  /** What failed is not shared with whoever asks after that. */
  async #writing(): Promise<MetricsText> {
    let shared = 0;
    try {
      const metrics = await this.#write();
      shared = this.#now() + SHARED_MS;
      return metrics;
    } finally {
      this.#until = shared;
    }
  }
}
