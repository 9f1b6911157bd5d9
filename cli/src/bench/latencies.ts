import { build } from 'hdr-histogram-js';

const MICROSECONDS_AT_MOST = 60_000_000;

/** How long each took, to the microsecond, up to a minute. */
export class Latencies {
  readonly #histogram = build({ highestTrackableValue: MICROSECONDS_AT_MOST });

  add(ms: number): void {
    this.#histogram.recordValue(Math.min(Math.round(ms * 1000), MICROSECONDS_AT_MOST));
  }

  /** In ms; 0 of none. */
  percentile(percent: number): number {
    return this.#histogram.getValueAtPercentile(percent) / 1000;
  }
}
