import { Answers } from './answers.ts';
import { DEADLINE_MS, type BenchCluster } from './bench-cluster.ts';
import { ClosedLoop } from './closed-loop.ts';
import type { Progress } from './progress.ts';
import { spread, type Spread } from './summary.ts';
import { pause, until } from './until.ts';

/** A leader that was killed under load. Times are in milliseconds since the kill. */
export interface RecoveryRun {
  /** The first interval begins so long before the kill. */
  readonly beforeMs: number;
  readonly intervalMs: number;
  /** Interval after interval. */
  readonly commandsPerSecond: readonly number[];
  /** When a member said that it leads, as it was asked again and again. */
  readonly ledMs: number;
  /** When the killed member was started again. */
  readonly restartMs: number;
  /** The longest time without an answer, from the kill on. */
  readonly gap: { readonly at: number; readonly ms: number };
  /** The longest time without an answer before the kill. */
  readonly gapBeforeMs: number;
}

export interface RecoveryReport {
  readonly clients: number;
  readonly runs: readonly RecoveryRun[];
  /** From the kill until a member led. */
  readonly ledMs: Spread;
  readonly gapMs: Spread;
  readonly gapBeforeMs: Spread;
  /** Until the kill; and after the killed member was started again, to the end. */
  readonly commandsPerSecond: { readonly before: Spread; readonly after: Spread };
}

export interface RecoveryOptions {
  /** Before the kill; until the restart; and from there on: each so long. */
  readonly seconds: number;
  readonly repetitions: number;
  readonly progress: Progress;
}

const CLIENTS = 64;
const INTERVAL_MS = 100;

/** Kills the leader of a cluster under load, and starts it again; several times. */
export async function recovery(
  measured: BenchCluster,
  { seconds, repetitions, progress }: RecoveryOptions,
): Promise<RecoveryReport> {
  const runs: RecoveryRun[] = [];
  for (let round = 1; round <= repetitions; round++) {
    progress(round - 1, repetitions, `recovery, round ${round}: the leader is killed`);
    runs.push(await killLeader(measured, seconds));
    await measured.even();
  }
  return summariseRecovery(CLIENTS, runs);
}

async function killLeader(measured: BenchCluster, seconds: number): Promise<RecoveryRun> {
  const { cluster, target } = measured;
  const { name } = await measured.leader();
  const answers = new Answers();
  const load = new ClosedLoop(target, CLIENTS, answers);
  await pause(2 * seconds); // The first half lets it get going, and is not looked at.
  const killed = performance.now();
  await measured.kill(name);
  const led = leads(measured);
  await pause(seconds);
  const restarted = performance.now();
  await cluster.startMember(name);
  await pause(Math.max(0, seconds - (performance.now() - restarted) / 1000));
  const end = performance.now();
  await load.stop();
  const ledMs = (await led) - killed;
  const begin = killed - seconds * 1000;
  const gap = answers.longestGap(killed);
  const counts = answers.perInterval(INTERVAL_MS, begin, end);
  return {
    beforeMs: killed - begin,
    intervalMs: INTERVAL_MS,
    commandsPerSecond: counts.map((count) => (count * 1000) / INTERVAL_MS),
    ledMs,
    restartMs: restarted - killed,
    gap: { at: gap.at - killed, ms: gap.ms },
    gapBeforeMs: answers.longestGap(begin, killed).ms,
  };
}

/** @returns when somebody leads: another one, unless there is none */
async function leads(measured: BenchCluster): Promise<number> {
  const others = measured.names.length - 1;
  await until('a new leader', DEADLINE_MS, async () =>
    (await measured.status(others)).find(({ role }) => role === 'leader'),
  );
  return performance.now();
}

export function summariseRecovery(clients: number, runs: readonly RecoveryRun[]): RecoveryReport {
  const during = (run: RecoveryRun, from: number, to: number): number => {
    const rates = run.commandsPerSecond.filter((_, i) => {
      const at = i * run.intervalMs - run.beforeMs;
      return at >= from && at < to;
    });
    return rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  };
  return {
    clients,
    runs,
    ledMs: spread(runs.map(({ ledMs }) => ledMs)),
    gapMs: spread(runs.map(({ gap }) => gap.ms)),
    gapBeforeMs: spread(runs.map(({ gapBeforeMs }) => gapBeforeMs)),
    commandsPerSecond: {
      before: spread(runs.map((run) => during(run, -Infinity, 0))),
      after: spread(runs.map((run) => during(run, run.restartMs, Infinity))),
    },
  };
}
