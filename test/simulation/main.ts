import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes } from '../../contract/src/error-codes.ts';
import { campaign, tooLittleOnAverage, type Sums } from './campaign.ts';
import { tooLittle } from './checks/floor.ts';
import { minimise } from './minimise.ts';
import { PlanFileError, readPlan, writePlan } from './plan-file.ts';
import { planOf, type Plan } from './plan.ts';
import { simulate, type Failure } from './simulation.ts';
import { sumsText } from './sums-text.ts';
import { drawTo } from './trace/drawing-file.ts';
import { Trace } from './trace/trace.ts';

const MINIMISE_MS = 60_000;
const FAILURES = 'build/failures';
const MINUTE_MS = 60_000;

interface Options {
  readonly seed?: number;
  readonly runs?: number;
  readonly minutes?: number;
  readonly plan?: string;
  readonly draw?: string;
  readonly from: number;
  readonly to: number;
  readonly jobs: number;
  readonly output: 'text' | 'json';
}

function whole(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It wants a number above 0.');
}

const program = new Command('npm run simulate --');
program
  .description('Run clusters under faults, in simulated time; look for a broken invariant.')
  .option('--seed <n>', 'the run of this seed; with --runs or --minutes the first one', whole)
  .option('--runs <n>', 'so many runs, from the seed on', whole)
  .option('--minutes <n>', 'so long, from the seed on (1, unless one run is asked for)', positive)
  .option('--plan <file>', 'the run of a plan: a regression, or one that was minimised')
  .option('--draw <file>', 'draw the run: .html, .svg or .txt')
  .option('--from <ms>', 'draw from this simulated millisecond on', whole, 0)
  .option('--to <ms>', 'draw up to this simulated millisecond', whole, Infinity)
  .option('--jobs <n>', 'runs at a time', positive, os.availableParallelism())
  .addOption(new Option('--output <form>').choices(['text', 'json']).default('text'))
  .showHelpAfterError('(--help explains it)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage))
  .action(async (options: Options) => process.exit(await run(options)));

async function run(options: Options): Promise<number> {
  const { seed, runs, minutes, plan, draw } = options;
  if (plan !== undefined) return one(readPlan(plan), `--plan ${plan}`, options);
  if (seed !== undefined && runs === undefined && minutes === undefined) {
    return one(planOf(seed), `--seed ${seed}`, options);
  }
  if (draw !== undefined)
    throw new PlanFileError('--draw draws one run: name its --seed or --plan');
  return many(options);
}

/** One run, told in full. */
function one(plan: Plan, how: string, { draw, from, to, output }: Options): number {
  const trace = new Trace();
  const report = simulate(plan, draw === undefined ? {} : { trace });
  if (draw !== undefined) drawTo(draw, trace, report, { from, to });
  if (report.failure !== undefined) return failed(plan, report.failure, how);
  const { answered, decided, elections, changes, steps, messages, simulatedMs, faults } = report;
  const { collections, transfers, restarts, expired, refused } = report;
  const moves = { changes, collections, transfers, restarts, expired, refused };
  const sums = { answered, decided, elections, ...moves, steps, messages, simulatedMs };
  if (output === 'json') {
    print(JSON.stringify({ ...sums, faults: Object.fromEntries(faults) }));
  } else {
    print(`passed: ${JSON.stringify(sums)} faults: ${JSON.stringify(Object.fromEntries(faults))}`);
    const lack = tooLittle(report);
    if (lack !== undefined) print(`It proves little: ${lack}.`);
  }
  return exitCodes.ok;
}

async function many(options: Options): Promise<number> {
  const { jobs, output } = options;
  const { seed = Math.floor(Date.now() / 1000) * 1000, runs = Infinity } = options;
  const { minutes = runs === Infinity ? 1 : Infinity } = options;
  const forMs = minutes * MINUTE_MS;
  const abort = new AbortController();
  process.once('SIGINT', () => abort.abort());
  process.stderr.write(`Seeds from ${seed} on, ${jobs} at a time.\n`);
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {runs} runs, {messages} messages, {answered} answers',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 30_000,
    hideCursor: true,
  });
  const shown = { runs: 0, messages: 0, answered: 0 };
  bar.start(100, 0, shown);
  const progress = ({ elapsedMs, runs: done, messages, answered }: Sums): void => {
    const share = Math.max(elapsedMs / forMs, done / runs);
    bar.update(Math.min(100, Math.floor(share * 100)), { runs: done, messages, answered });
  };
  const sums = await campaign({ seed, runs, forMs, jobs, signal: abort.signal, progress });
  bar.stop();
  print(sumsText(sums, output));
  const [first] = sums.failed;
  if (first?.failure !== undefined) {
    return failed(planOf(first.seed), first.failure, `--seed ${first.seed}`);
  }
  const lack = tooLittleOnAverage(sums);
  if (lack !== undefined) {
    process.stderr.write(`The runs prove too little: on average they have too few ${lack}.\n`);
    return exitCodes.failed;
  }
  return exitCodes.ok;
}

/** Says what broke and how to see it again; then minimises it and draws it. */
function failed(plan: Plan, failure: Failure, how: string): number {
  print(`FAILED after ${failure.at.toFixed(1)} ms: ${failure.message}`);
  if (failure.invariant === 'exception') print(failure.stack ?? '');
  print(`Replay it: npm run simulate -- ${how} --draw run.html`);
  if (failure.invariant === 'floor') return exitCodes.failed;
  process.stderr.write(`Minimising, for ${MINIMISE_MS / 1000} s at most.\n`);
  const end = performance.now() + MINIMISE_MS;
  const { plan: least, isLeast, runs } = minimise(plan, failure, () => performance.now() > end);
  const trace = new Trace();
  const report = simulate(least, { trace });
  fs.mkdirSync(FAILURES, { recursive: true });
  const file = path.join(FAILURES, `${failure.invariant}-${plan.seed}`);
  writePlan(`${file}.json`, least);
  drawTo(`${file}.html`, trace, report, { from: 0, to: Infinity });
  const { members, requests, faults } = least;
  print(
    `Minimised in ${runs} runs${isLeast ? '' : ' (there was no time for more)'}: ${members} members, ` +
      `${requests.length} requests, ${faults.length} faults, ${report.steps} steps: ` +
      (report.failure?.message ?? ''),
  );
  print(`Replay it: npm run simulate -- --plan ${file}.json\nSee it: ${file}.html`);
  return exitCodes.failed;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof PlanFileError)) throw error;
  process.stderr.write(`simulate: ${error.message}\n`);
  process.exit(exitCodes.usage);
});
