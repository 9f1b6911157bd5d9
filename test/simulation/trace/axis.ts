import type { TraceEvent } from './trace.ts';

const PIXELS_PER_MS = 9;
const LEAST_GAP = 13;
const LARGEST_GAP = 64;

/** From time to pixels. Idle time is shortened, and crowded time stretched, so that all is seen. */
export class TimeAxis {
  readonly #places = new Map<number, number>();
  readonly end: number;

  constructor(events: readonly TraceEvent[], top: number) {
    const times = new Set<number>();
    for (const event of events) {
      times.add(event.at);
      if ('arrivesAt' in event) for (const at of event.arrivesAt) times.add(at);
    }
    let place = top;
    let before: number | undefined;
    for (const time of [...times].sort((a, b) => a - b)) {
      if (before !== undefined) {
        const gap = (time - before) * PIXELS_PER_MS;
        place += Math.min(Math.max(gap, LEAST_GAP), LARGEST_GAP);
      }
      this.#places.set(time, place);
      before = time;
    }
    this.end = place;
  }

  /** @param time of an event, or of an arrival */
  at(time: number): number {
    return this.#places.get(time) ?? this.end;
  }
}
