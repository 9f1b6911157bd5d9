/** Plain counts by label, cheap enough for every message; read when Prometheus scrapes. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** @param labels counted from 0 on, so that their series exist before the first event */
  constructor(labels: readonly string[] = []) {
    for (const label of labels) this.#counts.set(label, 0);
  }

  /** @param label from a fixed small set: each makes a time series */
  add(label: string, count = 1): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + count);
  }

  get(label: string): number {
    return this.#counts.get(label) ?? 0;
  }

  entries(): Iterable<[label: string, count: number]> {
    return this.#counts;
  }
}
