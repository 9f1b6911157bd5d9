/** The protocol's waits, in ticks. The driver decides how long a tick is (10 ms by default). */
export interface Timing {
  /** First retransmission; later ones after growing, jittered intervals up to the longest. */
  readonly retransmit: number;
  readonly retransmitLongest: number;
  /** Between two heartbeats of an active leader. */
  readonly heartbeat: number;
  /**
   * Silence after which a follower asks whether the leader is there at all, again with each further
   * heartbeat that it misses. Two are missing by then: one may be lost, and who changes from one
   * server of NATS to another is back before the second one.
   */
  readonly missing: number;
  /** Silence after which a follower suspects the leader; half as much again at random. */
  readonly election: number;
  /** Where disks are slow, phase 1 is given up to so long; half as much again at random. */
  readonly phaseOneLongest: number;
  /** A preempted leader on demand waits up to this long, at random, before it tries again. */
  readonly duel: number;
  /** A member that lacks decisions waits this long for them before it asks. */
  readonly learn: number;
  /** A member that has not answered a survey by then is unreachable. */
  readonly surveySilence: number;
  /** A survey ends then, whatever is still missing. */
  readonly surveyDeadline: number;
}

export const defaultTiming: Timing = {
  retransmit: 30,
  retransmitLongest: 300,
  heartbeat: 10,
  missing: 22,
  election: 60,
  phaseOneLongest: 2_000,
  duel: 20,
  learn: 8,
  surveySilence: 100,
  surveyDeadline: 500,
};

/** Decides when to send again: after growing intervals, jittered so that members do not meet. */
export class Retransmission {
  #first: number;
  #longest: number;
  #interval: number;
  #left: number;

  constructor(first: number, longest: number) {
    this.#first = first;
    this.#longest = longest;
    this.#interval = first;
    this.#left = first;
  }

  /**
   * One tick passed.
   * @param random in [0, 1)
   * @returns whether to send again now
   */
  tick(random: number): boolean {
    this.#left -= 1;
    if (this.#left > 0) return false;
    this.#interval = Math.min(this.#interval * 2, this.#longest);
    this.#left = Math.max(1, Math.round(this.#interval * (0.75 + random / 2)));
    return true;
  }

  /** From now on the intervals are shorter ones. What is due sooner than the first stays due. */
  shorten(first: number, longest: number): void {
    this.#first = first;
    this.#longest = longest;
    this.#interval = first;
    this.#left = Math.min(this.#left, first);
  }

  /** There was progress: start over with the first interval. */
  reset(): void {
    this.#interval = this.#first;
    this.#left = this.#first;
  }
}
