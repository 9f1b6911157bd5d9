import os from 'node:os';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { tryMutant, tryOriginal, UselessMutantError } from './gate.ts';
import { mutants, type SimulatedMutant } from './mutants.ts';
import { TestGate } from './test-gate.ts';
import { testedMutants, type TestedMutant } from './tested-mutants.ts';

interface Options {
  readonly only?: string;
  readonly runs: number;
  readonly jobs: number;
}

function whole(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It wants a whole number above 0.');
}

await new Command('npm run mutants --')
  .description(
    'Put one fault at a time into the sources; the simulator, or a test, must notice each.',
  )
  .option('--only <text>', 'those mutants whose name contains this text')
  .option('--runs <n>', 'seeds that a mutant may survive', whole, 1_000)
  .option('--jobs <n>', 'mutants at a time', whole, os.availableParallelism())
  .showHelpAfterError('(--help explains it)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage))
  .action(async (options: Options) => process.exit(await gate(options)))
  .parseAsync();

/** What became of a mutant. */
interface Verdict {
  readonly isKilled: boolean;
  /** At which the simulator noticed it. */
  readonly seed?: number;
  readonly text: string;
}

async function gate({ only = '', runs, jobs }: Options): Promise<number> {
  const isChosen = ({ name }: { readonly name: string }): boolean => name.includes(only);
  const left = [...mutants.entries()].filter(([, mutant]) => isChosen(mutant));
  const leftToTests = testedMutants.filter(isChosen);
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
  const seeds = new Set<number>();
  const count = (name: string, breaks: string, { isKilled, seed, text }: Verdict): void => {
    table.push([name, breaks, text]);
    if (!isKilled) bad += 1;
    if (seed !== undefined) seeds.add(seed);
    process.stderr.write(`${name}: ${text}\n`);
  };
  const work = async (job: number): Promise<void> => {
    const tests = leftToTests.length > 0 ? new TestGate(job) : undefined;
    for (let next = leftToTests.shift(); next && tests; next = leftToTests.shift()) {
      count(next.name, next.in.replace(/^test\/node\//, ''), await byTest(next, tests));
    }
    tests?.close();
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [number, mutant] = next;
      count(mutant.name, mutant.invariant, await bySimulator(mutant, number, runs));
    }
  };
  await Promise.all(Array.from({ length: jobs }, (_, job) => work(job)));
  process.stdout.write(`${table.toString()}\n`);
  const original = await tryOriginal([...seeds]);
  if (original.killedAt !== undefined) {
    process.stdout.write(`The sources as they are fail at seed ${original.killedAt}.\n`);
    return exitCodes.failed;
  }
  process.stdout.write(`The sources as they are pass the ${seeds.size} seeds of these.\n`);
  process.stdout.write(`${chosen - bad} mutants killed, ${bad} not.\n`);
  return bad === 0 ? exitCodes.ok : exitCodes.failed;
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
  runs: number,
): Promise<Verdict> {
  try {
    const { killedAt, others } = await tryMutant(mutant, number, runs);
    const unit = mutant.invariant === 'leadership' ? 'promise' : 'seed';
    const before = Object.entries(others).map(([check, times]) => `${check} ${times}×`);
    const also = before.length > 0 ? ` (before: ${before.join(', ')})` : '';
    const text = killedAt === undefined ? 'SURVIVES' : `at ${unit} ${killedAt}`;
    const isKilled = killedAt !== undefined;
    const isSeed = isKilled && unit === 'seed';
    return { isKilled, ...(isSeed && { seed: killedAt }), text: text + also };
  } catch (error) {
    return uselessness(error);
  }
}

function uselessness(error: unknown): Verdict {
  if (!(error instanceof UselessMutantError)) throw error;
  return { isKilled: false, text: `USELESS ${error.message}` };
}
