import fs from 'node:fs';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import type { Members } from '../../../client/src/members.ts';
import type { Experiment } from '../chaos/experiment.ts';
import { experimentOf, experiments } from '../chaos/experiments.ts';
import { LocalTarget } from '../chaos/local-target.ts';
import type { ChaosReport } from '../chaos/report.ts';
import { NotSteadyError, runExperiment } from '../chaos/run.ts';
import { timeLine } from '../chaos/time-line.ts';
import { chaosText, listText } from './chaos-text.ts';
import { CommandError } from './command-error.ts';
import { checkDrawing } from './drawing-file.ts';
import { healthOf } from './health.ts';
import { print } from './session.ts';

export interface ChaosListOptions {
  readonly output: 'text' | 'json';
}

export interface ChaosRunOptions extends ChaosListOptions {
  readonly folder: string;
  readonly svg?: string;
}

const ALL = 'all';

export function list(options: ChaosListOptions): void {
  const all = experiments.map(({ name, title, about, mostStopMs }) => {
    return { name, title, about, mostStopMs };
  });
  print(options, all, () => listText(all));
}

/** Runs one experiment, or all of them one after the other, each on a cluster of its own. */
export async function run(name: string, options: ChaosRunOptions): Promise<void> {
  const chosen = chosenBy(name);
  if (options.svg !== undefined) {
    if (chosen.length > 1) {
      throw new CommandError('--svg draws one experiment: name it.', exitCodes.usage);
    }
    checkDrawing(options.svg);
  }
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupt.abort()); // Processes and data are not left behind.
  }
  const reports: ChaosReport[] = [];
  for (const experiment of chosen)
    reports.push(await runOne(experiment, options, interrupt.signal));
  if (options.output === 'json') {
    process.stdout.write(`${JSON.stringify(name === ALL ? reports : reports[0])}\n`);
  }
  const passed = reports.every((report) => report.passed);
  process.exit(passed ? exitCodes.ok : exitCodes.failed);
}

function chosenBy(name: string): readonly Experiment[] {
  if (name === ALL) return experiments;
  const experiment = experimentOf(name);
  if (experiment !== undefined) return [experiment];
  const names = experiments.map((each) => each.name).join(', ');
  throw new CommandError(`There is no experiment ${name}. There are ${names}.`, exitCodes.usage);
}

async function runOne(
  experiment: Experiment,
  { folder, svg, output }: ChaosRunOptions,
  signal: AbortSignal,
): Promise<ChaosReport> {
  const say = (what: string): void => void process.stderr.write(`  ${what}\n`);
  process.stderr.write(`${experiment.name}: ${experiment.title}\n`);
  try {
    const report = await LocalTarget.with({ folder, ailmentOf, signal }, (target) =>
      Promise.race([runExperiment({ target, experiment, say }), interruption(signal)]),
    );
    if (svg !== undefined) fs.writeFileSync(svg, timeLine(report));
    if (output === 'text') process.stdout.write(`${chaosText(report)}\n`);
    return report;
  } catch (error) {
    if (!(error instanceof NotSteadyError)) throw error;
    throw new CommandError(error.message, exitCodes.notServing);
  }
}

function ailmentOf(members: Members): string | undefined {
  const { state, sentence } = healthOf(members);
  return state === 'healthy' ? undefined : sentence;
}

function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const interrupt = (): void =>
      reject(new CommandError('The experiment was interrupted.', exitCodes.failed));
    signal.addEventListener('abort', interrupt, { once: true });
  });
}
