import type { Alarm } from '../../../contract/src/alarms.ts';

/** Members speak at least once in that time. */
const HELD_MS = 5_000;

/** Notices members of another cluster that has the same name: clients reach either of the two. */
export class Namesakes {
  readonly #now: () => number;
  #heardAt = -Infinity;

  /** @param now monotonic milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  heard(): void {
    this.#heardAt = this.#now();
  }

  get alarms(): Alarm[] {
    return this.#now() - this.#heardAt < HELD_MS ? [twoClusters] : [];
  }
}

const twoClusters: Alarm = {
  code: 'two-clusters',
  sentence:
    'Members of another cluster of this name and namespace are here. Clients reach either of the ' +
    'two, and are told CLUSTER_CHANGED. "synod status --output json" shows whose clusterId differs: ' +
    'stop those that should not run.',
};
