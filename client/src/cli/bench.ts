import Table from 'cli-table3';
import { SingleBar } from 'cli-progress';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { benchmark, NoDiskError, type BenchmarkReport } from '../bench/benchmark.ts';
import { machines, type MachineName } from '../bench/cluster-target.ts';
import type { Row, Spread } from '../bench/summary.ts';
import { CommandError } from './command-error.ts';

export interface BenchOptions {
  readonly folder: string;
  readonly machine?: MachineName;
  readonly nodes: number;
  readonly seconds: number;
  readonly repetitions: number;
  readonly quick?: true;
  readonly commands: number;
  readonly output: 'text' | 'json';
}

/** What --quick means: a look at whether it works, not a measurement. */
const quick = { seconds: 0.2, repetitions: 1, commands: 10_000 };

export async function bench(options: BenchOptions): Promise<void> {
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {what}',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 10_000,
    hideCursor: true,
  });
  process.stderr.write('Starting the clusters.\n');
  try {
    const report = await benchmark({
      ...options,
      ...(options.quick ? quick : {}),
      machines: options.machine === undefined ? machines : [options.machine],
      progress: (step, steps, what) => {
        if (!bar.isActive) bar.start(steps, 0, { what });
        bar.setTotal(steps);
        bar.update(step, { what });
      },
    });
    process.stdout.write(`${options.output === 'json' ? JSON.stringify(report) : text(report)}\n`);
  } catch (error) {
    if (error instanceof NoDiskError) throw new CommandError(error.message, exitCodes.usage);
    throw error;
  } finally {
    bar.stop();
  }
  process.exit(exitCodes.ok);
}

function text(report: BenchmarkReport): string {
  const { cores, processor, node, syncLatencyMs, seconds, repetitions } = report;
  const lines = [
    `${cores} cores of ${processor}, Node ${node}; fdatasync takes ${syncLatencyMs.toFixed(2)} ms`,
    `median (least–most) of ${repetitions} interleaved run(s) of ${seconds} s; commands of 256 B`,
    rowTable(report.rows),
  ];
  for (const { machine, commands, anonymousMib, restartSeconds } of report.clusters) {
    const memory = anonymousMib.map((mib) => mib?.toFixed(0) ?? 'unknown').join(', ');
    lines.push(`${machine}: after ${commands} commands the nodes' RssAnon is ${memory} MiB`);
    const { one, all } = restartSeconds;
    const times = `${one.toFixed(2)} s after the start of one, ${all.toFixed(2)} s of all of them`;
    lines.push(`${machine}: killed nodes are ready ${times}`);
  }
  return lines.join('\n');
}

function rowTable(rows: readonly Row[]): string {
  const table = new Table({
    head: ['clients', 'target', 'commands/s', 'p50 ms', 'p99 ms', 'of the echo'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { clients, packing, target, commandsPerSecond, p50Ms, p99Ms, ratio } of rows) {
    const rate = spreadText(commandsPerSecond, 0);
    const times = [spreadText(p50Ms, 2), spreadText(p99Ms, 2)];
    const name = packing === 1 ? String(clients) : `${clients} × ${packing}`;
    table.push([name, target, rate, ...times, target === 'echo' ? '' : spreadText(ratio, 2)]);
  }
  return table.toString();
}

function spreadText({ median, min, max }: Spread, digits: number): string {
  const [middle, least, most] = [median, min, max].map((value) => value.toFixed(digits));
  return min === max ? `${middle}` : `${middle} (${least}–${most})`;
}
