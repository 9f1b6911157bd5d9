import { Worker } from 'node:worker_threads';
import { averages } from './checks/floor.ts';
import { isForGood, type FaultKind } from './plan.ts';
import type { Run } from './worker.ts';

export interface CampaignOptions {
  /** The first seed; the others follow it. */
  readonly seed: number;
  /** Ends after so many runs. */
  readonly runs: number;
  /** Ends, too, after so many milliseconds. */
  readonly forMs: number;
  /** Runs at a time, each in a thread of its own. */
  readonly jobs: number;
  /** Ends when it is aborted; what was done so far stands in the result. */
  readonly signal: AbortSignal;
  /** Told after each run. */
  readonly progress: (sums: Sums) => void;
}

/** What the runs of a campaign were, in all. */
export interface Sums {
  readonly seed: number;
  readonly runs: number;
  readonly failed: readonly Run[];
  readonly steps: number;
  readonly messages: number;
  readonly garbled: number;
  readonly parts: number;
  readonly begun: number;
  readonly answered: number;
  readonly decided: number;
  readonly elections: number;
  readonly changes: number;
  readonly collections: number;
  readonly transfers: number;
  readonly restarts: number;
  readonly expired: number;
  readonly refused: number;
  readonly simulatedMs: number;
  readonly elapsedMs: number;
  /** By kind: in how many runs it was armed, and how often it struck. */
  readonly faults: ReadonlyMap<FaultKind, { readonly armed: number; readonly strikes: number }>;
}

/** Runs seed after seed, on several cores, to its end or to the first failure. */
export async function campaign(options: CampaignOptions): Promise<Sums> {
  const { seed, runs, forMs, jobs, signal, progress } = options;
  const begin = performance.now();
  let next = seed;
  let sums = nothing(seed);
  const isOver = (): boolean =>
    next >= seed + runs ||
    signal.aborted ||
    sums.failed.length > 0 ||
    performance.now() - begin >= forMs;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    try {
      while (!isOver()) {
        const run = await answerOf(worker, next++, signal);
        if (run === undefined) return;
        sums = add(sums, run, performance.now() - begin);
        progress(sums);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return sums;
}

/** @returns `undefined` when it was aborted meanwhile */
function answerOf(worker: Worker, seed: number, signal: AbortSignal): Promise<Run | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener('abort', aborted);
      worker.off('message', answered).off('error', failed);
    };
    const aborted = (): void => {
      settle();
      resolve(undefined);
    };
    const answered = (run: Run): void => {
      settle();
      resolve(run);
    };
    const failed = (error: Error): void => {
      settle();
      reject(error);
    };
    signal.addEventListener('abort', aborted);
    worker.on('message', answered).on('error', failed);
    worker.postMessage(seed);
  });
}

function nothing(seed: number): Sums {
  return {
    seed,
    runs: 0,
    failed: [],
    steps: 0,
    messages: 0,
    garbled: 0,
    parts: 0,
    begun: 0,
    answered: 0,
    decided: 0,
    elections: 0,
    changes: 0,
    collections: 0,
    transfers: 0,
    restarts: 0,
    expired: 0,
    refused: 0,
    simulatedMs: 0,
    elapsedMs: 0,
    faults: new Map(),
  };
}

function add(sums: Sums, run: Run, elapsedMs: number): Sums {
  const faults = new Map(sums.faults);
  for (const kind of run.armed) {
    const { armed, strikes } = faults.get(kind) ?? { armed: 0, strikes: 0 };
    faults.set(kind, { armed: armed + 1, strikes: strikes + (run.faults.get(kind) ?? 0) });
  }
  return {
    seed: sums.seed,
    runs: sums.runs + 1,
    failed: run.failure === undefined ? sums.failed : [...sums.failed, run],
    steps: sums.steps + run.steps,
    messages: sums.messages + run.messages,
    garbled: sums.garbled + run.garbled,
    parts: sums.parts + run.parts,
    begun: sums.begun + run.begun,
    answered: sums.answered + run.answered,
    decided: sums.decided + run.decided,
    elections: sums.elections + run.elections,
    changes: sums.changes + run.changes,
    collections: sums.collections + run.collections,
    transfers: sums.transfers + run.transfers,
    restarts: sums.restarts + run.restarts,
    expired: sums.expired + run.expired,
    refused: sums.refused + run.refused,
    simulatedMs: sums.simulatedMs + run.simulatedMs,
    elapsedMs,
    faults,
  };
}

/** Averages mean something from so many runs on. */
const RUNS_TO_AVERAGE = 100;

/**
 * Whether the runs of a campaign had too little in them on average.
 * @returns what there was too little of
 */
export function tooLittleOnAverage(sums: Sums): string | undefined {
  const { runs, answered, elections, faults } = sums;
  if (runs < RUNS_TO_AVERAGE) return undefined;
  const isLess = (sum: number, of: number, wanted: number): boolean => sum < wanted * of;
  if (isLess(answered, runs, averages.answered)) return 'operations that were answered';
  if (isLess(elections, runs, averages.elections)) return 'elections of a leader';
  for (const [kind, { armed, strikes }] of faults) {
    if (!isForGood[kind] && isLess(strikes, armed, averages.strikes)) return `faults: ${kind}`;
  }
  return undefined;
}
