import os from 'node:os';
import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { tryMutant, tryOriginal, UselessMutantError } from './gate.ts';
import { mutants, type SimulatedMutant } from './mutants.ts';
import { TestGate } from './test-gate.ts';
import { testedMutants, type TestedMutant } from './tested-mutants.ts';
import { keepWitnesses, readWitnesses, type Witness } from './witnesses.ts';

interface Options {
  readonly only?: string;
  readonly runs: number;
  readonly jobs: number;
  readonly by?: 'simulator' | 'tests';
  readonly keep?: true;
}

function whole(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number above 0.');
}

await new Command('npm run mutants --')
  .description(
    'Put one fault at a time into the sources; the simulator, or a test, must notice each.',
  )
  .option('--only <text>', 'those mutants whose name contains this text')
  .option('--runs <n>', 'seeds that a mutant may survive', whole, 1_000)
  .option('--jobs <n>', 'mutants at a time', whole, os.availableParallelism())
  .addOption(
    new Option('--by <whom>', 'those alone that this one has to notice').choices([
      'simulator',
      'tests',
    ]),
  )
  .option('--keep', 'store where the simulator noticed each: that is tried first from then on')
  .showHelpAfterError('(--help explains it)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage))
  .action(async (options: Options) => process.exit(await gate(options)))
  .parseAsync();

/** What became of a mutant. */
interface Verdict {
  readonly isKilled: boolean;
  /** Where the simulator noticed it. */
  readonly at?: Witness | undefined;
  readonly text: string;
}

async function gate({ only = '', runs, jobs, by, keep }: Options): Promise<number> {
  const isChosen = ({ name }: { readonly name: string }): boolean => name.includes(only);
  const left = by === 'tests' ? [] : [...mutants.entries()].filter(([, each]) => isChosen(each));
  const leftToTests = by === 'simulator' ? [] : testedMutants.filter(isChosen);
  const chosen = left.length + leftToTests.length;
  if (chosen === 0) {
    process.stderr.write(`mutants: no mutant has "${only}" in its name\n`);
    return exitCodes.usage;
  }
  const table = new Table({
    head: ['mutant', 'breaks', 'killed'],
    style: { head: [], border: [] },
  });
  let bad = 0;
  const witnesses = readWitnesses();
  const noticed: Record<string, Witness> = {};
  const count = async (name: string, breaks: string, trying: Promise<Verdict>): Promise<void> => {
    const begin = performance.now();
    const { isKilled, at, text } = await trying;
    table.push([name, breaks, text]);
    if (!isKilled) bad += 1;
    if (at !== undefined) noticed[name] = at;
    const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
    process.stderr.write(`${seconds.padStart(6)} s  ${name}: ${text}\n`);
  };
  const work = async (job: number): Promise<void> => {
    const tests = leftToTests.length > 0 ? new TestGate(job) : undefined;
    for (let next = leftToTests.shift(); next && tests; next = leftToTests.shift()) {
      await count(next.name, next.in.replace(/^test\/node\//, ''), byTest(next, tests));
    }
    tests?.close();
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [number, mutant] = next;
      const trying = bySimulator(mutant, number, witnesses[mutant.name], runs);
      await count(mutant.name, mutant.invariant, trying);
    }
  };
  await Promise.all(Array.from({ length: jobs }, (_, job) => work(job)));
  process.stdout.write(`${table.toString()}\n`);
  if (keep) keepWitnesses({ ...witnesses, ...noticed });
  const seeds = [...new Set(Object.values(noticed))].filter((at) => typeof at === 'number');
  const failsAt = await original(seeds, jobs);
  if (failsAt !== undefined) {
    process.stdout.write(`The sources as they are fail at seed ${failsAt}.\n`);
    return exitCodes.failed;
  }
  if (seeds.length > 0) {
    process.stdout.write(`The sources as they are pass the ${seeds.length} seeds of these.\n`);
  }
  process.stdout.write(`${chosen - bad} mutants killed, ${bad} not.\n`);
  return bad === 0 ? exitCodes.ok : exitCodes.failed;
}

/** @returns a seed at which the sources as they are fail */
async function original(seeds: readonly number[], jobs: number): Promise<Witness | undefined> {
  const shares = Array.from({ length: jobs }, (_, job) => seeds.filter((_, i) => i % jobs === job));
  const trials = await Promise.all(shares.map(tryOriginal));
  return trials.find(({ killedAt }) => killedAt !== undefined)?.killedAt;
}

async function byTest(mutant: TestedMutant, gate: TestGate): Promise<Verdict> {
  try {
    const isKilled = await gate.notices(mutant);
    return { isKilled, text: isKilled ? 'by its test' : 'SURVIVES' };
  } catch (error) {
    return uselessness(error);
  }
}

async function bySimulator(
  mutant: SimulatedMutant,
  number: number,
  witness: Witness | undefined,
  runs: number,
): Promise<Verdict> {
  try {
    const { killedAt, others } = await tryMutant(mutant, number, witness, runs);
    const before = Object.entries(others).map(([check, times]) => `${check} ${times}×`);
    const also = before.length > 0 ? ` (before: ${before.join(', ')})` : '';
    if (killedAt === undefined) return { isKilled: false, text: `SURVIVES${also}` };
    const where = typeof killedAt === 'number' ? `seed ${killedAt}` : killedAt;
    return { isKilled: true, at: killedAt, text: `at ${where}${also}` };
  } catch (error) {
    return uselessness(error);
  }
}

function uselessness(error: unknown): Verdict {
  if (!(error instanceof UselessMutantError)) throw error;
  return { isKilled: false, text: `USELESS ${error.message}` };
}
