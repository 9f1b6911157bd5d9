import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaderOf } from '../../../client/src/members.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import type { Experiment, Scene } from './experiment.ts';
import { History } from './history.ts';
import { Load } from './load.ts';
import { Reigns } from './reigns.ts';
import type { ChaosReport, Happening } from './report.ts';
import type { Target } from './target.ts';
import { complaintsOf } from './verdict.ts';

/** What an experiment shows with fewer calls a second is little. */
const LEAST_PER_SECOND = 200;
const WARM_MS = 1_000;
const STEADY_MS = 3_000;
const AFTER_MS = 2_000;
const WELL_MS = 30_000;
const LOOK_MS = 100;
const ANSWER_MS = 500;
const INTERVAL_MS = 200;

/** The cluster is not as it has to be before anything is done to it: nothing was tried. */
export class NotSteadyError extends Error {
  override readonly name = 'NotSteadyError';
}

export interface ChaosOptions {
  readonly target: Target;
  readonly experiment: Experiment;
  /** Told what happens, when it does. */
  readonly say: (what: string) => void;
  /** So many calls have to be answered in a second before anything is done; 200 without it. */
  readonly leastPerSecond?: number;
}

/**
 * Runs an experiment: the cluster is well and answers; a load goes on all through; the fault
 * strikes and is undone; the cluster is well again within a time; the verdict.
 * @throws NotSteadyError before anything was done to the cluster
 */
export async function runExperiment(options: ChaosOptions): Promise<ChaosReport> {
  return new Run(options).report();
}

class Run {
  readonly #target: Target;
  readonly #experiment: Experiment;
  readonly #say: ChaosOptions['say'];
  readonly #leastPerSecond: number;
  readonly #history = new History();
  readonly #happenings: Happening[] = [];
  #begin = 0;

  constructor({ target, experiment, say, leastPerSecond = LEAST_PER_SECOND }: ChaosOptions) {
    this.#leastPerSecond = leastPerSecond;
    this.#target = target;
    this.#experiment = experiment;
    this.#say = say;
  }

  async report(): Promise<ChaosReport> {
    const { client, names } = this.#target;
    const ailment = await this.#wellWithin(WELL_MS);
    if (ailment !== undefined) throw new NotSteadyError(`The cluster is not well: ${ailment}`);
    this.#begin = performance.now();
    const reigns = new Reigns(client, names.length, this.#begin);
    const load = new Load(client, this.#history, `chaos-${randomBytes(4).toString('hex')}`);
    let times;
    try {
      const perSecond = await this.#steady();
      const struckAt = performance.now();
      await this.#experiment.strike(this.#scene);
      const healedAt = performance.now();
      const still = await this.#wellWithin(WELL_MS);
      const wellAt = performance.now();
      this.#tell(still === undefined ? 'all is well' : `not all is well: ${still}`);
      await sleep(AFTER_MS);
      const end = performance.now();
      times = { perSecond, struckAt, healedAt, wellAt, end, still };
    } finally {
      await load.stop();
      await reigns.stop();
    }
    return this.#judged(reigns, times);
  }

  /** @returns how many calls were answered in a second */
  async #steady(): Promise<number> {
    await sleep(WARM_MS);
    const from = performance.now();
    await sleep(STEADY_MS);
    const perSecond = (this.#history.answeredBetween(from, Infinity) * 1000) / STEADY_MS;
    if (perSecond >= this.#leastPerSecond) return Math.round(perSecond);
    throw new NotSteadyError(
      `The cluster answered ${Math.round(perSecond)} calls a second before anything was done to ` +
        `it. Below ${this.#leastPerSecond} an experiment shows little: see what slows this machine.`,
    );
  }

  #judged(
    { reigns }: Reigns,
    times: {
      readonly perSecond: number;
      readonly struckAt: number;
      readonly healedAt: number;
      readonly wellAt: number;
      readonly end: number;
      readonly still: string | undefined;
    },
  ): ChaosReport {
    const { name: experiment, title, mostStopMs } = this.#experiment;
    const { perSecond, struckAt, healedAt, wellAt, end, still } = times;
    const history = this.#history;
    const stop = history.longestStop(struckAt, end);
    const stopMs = Math.round(stop.ms);
    const complaints = complaintsOf(history.calls);
    if (stopMs > mostStopMs) {
      complaints.push(`Writes stopped for ${stopMs} ms; ${mostStopMs} ms are allowed`);
    }
    if (still !== undefined) {
      complaints.push(`Not all was well ${WELL_MS / 1000} s after the fault: ${still}`);
    }
    const counts = history.writesPerInterval(INTERVAL_MS, this.#begin, end);
    return {
      ...{ experiment, title, passed: complaints.length === 0, complaints },
      ...{ writes: history.writes, reads: history.reads, unknown: history.unknown, perSecond },
      ...{ stopMs, stopAt: Math.round(stop.at - this.#begin), mostStopMs },
      convergedMs: still === undefined ? Math.round(wellAt - healedAt) : null,
      endMs: Math.round(end - this.#begin),
      happenings: this.#happenings,
      reigns: reigns.map(({ at, leader }) => ({ at: Math.round(at), leader })),
      intervalMs: INTERVAL_MS,
      writesPerSecond: counts.map((count) => (count * 1000) / INTERVAL_MS),
    };
  }

  get #scene(): Scene {
    return {
      target: this.#target,
      leader: () => this.#leader(),
      follower: async () => {
        const leader = await this.#leader();
        const follower = this.#target.names.find((name) => name !== leader);
        if (follower === undefined) throw new NotSteadyError('The cluster has no follower.');
        return follower;
      },
      say: (what) => this.#tell(what),
      pause: (seconds) => sleep(seconds * 1000),
    };
  }

  async #leader(): Promise<string> {
    const { client, names } = this.#target;
    const members = await client.admin.status({ waitMs: ANSWER_MS, expect: names.length });
    const leader = leaderOf(members);
    if (leader === undefined) throw new NotSteadyError('No member leads.');
    return leader.name;
  }

  #tell(what: string): void {
    this.#happenings.push({ at: Math.round(performance.now() - this.#begin), what });
    this.#say(what);
  }

  /** @returns what is amiss when the time is over; nothing as soon as all is well */
  async #wellWithin(ms: number): Promise<string | undefined> {
    const deadline = performance.now() + ms;
    for (;;) {
      const ailment = await this.#ailment();
      if (ailment === undefined || performance.now() > deadline) return ailment;
      await sleep(LOOK_MS);
    }
  }

  async #ailment(): Promise<string | undefined> {
    try {
      return await this.#target.ailment();
    } catch (error) {
      if (error instanceof SynodError) return error.message;
      throw error;
    }
  }
}
