import fs from 'node:fs';
import { SingleBar } from 'cli-progress';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { machineNames, type MachineName } from '../../../machines/src/names.ts';
import { benchmark, NoDiskError, type BenchmarkReport } from '../bench/benchmark.ts';
import { measurements, type MeasurementName } from '../bench/measurements.ts';
import { overloadDrawing } from '../bench/overload-drawing.ts';
import { recoveryDrawing } from '../bench/recovery-drawing.ts';
import { benchText } from './bench-text.ts';
import { CommandError } from './command-error.ts';
import { checkDrawing } from './drawing-file.ts';

export interface BenchOptions {
  readonly folder: string;
  readonly only?: readonly MeasurementName[];
  readonly machine?: MachineName;
  readonly nodes: number;
  readonly seconds: number;
  readonly repetitions: number;
  readonly quick?: true;
  readonly commands: number;
  readonly logBytes: number;
  readonly stateMib: number;
  readonly svg?: string;
  readonly output: 'text' | 'json';
}

/** What --quick means: a look at whether it works, not a measurement. */
const quick = { seconds: 0.2, repetitions: 1, commands: 10_000, stateMib: 16 };

export async function bench(options: BenchOptions): Promise<void> {
  const { only = measurements, machine, svg, output } = options;
  checkFolder(options.folder);
  if (svg !== undefined) checkSvg(svg, only);
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {what}',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
    hideCursor: true,
  });
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => interrupt.abort()); // Processes and data are not left behind.
  }
  process.stderr.write('Starting the clusters.\n');
  try {
    const report = await benchmark({
      ...options,
      ...(options.quick ? quick : {}),
      only,
      signal: interrupt.signal,
      machines: machine === undefined ? machineNames : [machine],
      progress: (step, steps, what) => {
        if (!bar.isActive) bar.start(steps, 0, { what });
        bar.setTotal(steps);
        bar.update(step, { what });
      },
    });
    draw(svg, report);
    process.stdout.write(`${output === 'json' ? JSON.stringify(report) : benchText(report)}\n`);
  } catch (error) {
    if (error instanceof NoDiskError) throw new CommandError(error.message, exitCodes.usage);
    throw error;
  } finally {
    bar.stop();
  }
  process.exit(exitCodes.ok);
}

/** It is not made: a wrong one would be measured on another disk than was meant. */
function checkFolder(folder: string): void {
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const sentence = `The folder ${folder} is not there. Make it, or name another one.`;
  throw new CommandError(sentence, exitCodes.usage);
}

/** Said before anything is measured: it takes minutes. */
function checkSvg(svg: string, only: readonly MeasurementName[]): void {
  if (!only.includes('recovery') && !only.includes('overload')) {
    const sentence = '--svg draws the recovery, or else the overload: add one to --only.';
    throw new CommandError(sentence, exitCodes.usage);
  }
  checkDrawing(svg);
}

function draw(svg: string | undefined, { recovery, overload }: BenchmarkReport): void {
  if (svg === undefined) return;
  if (recovery !== undefined) fs.writeFileSync(svg, recoveryDrawing(recovery));
  else if (overload !== undefined) fs.writeFileSync(svg, overloadDrawing(overload));
}
