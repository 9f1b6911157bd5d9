import os from 'node:os';
import Table from 'cli-table3';
import { Command, InvalidArgumentError } from 'commander';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import { tryMutant, tryOriginal, UselessMutantError } from './gate.ts';
import { mutants } from './mutants.ts';

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
  .description('Put one fault at a time into the sources; the simulator must notice each.')
  .option('--only <text>', 'those mutants whose name contains this text')
  .option('--runs <n>', 'seeds that a mutant may survive', whole, 1_000)
  .option('--jobs <n>', 'mutants at a time', whole, os.availableParallelism())
  .showHelpAfterError('(--help explains it)')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage))
  .action(async (options: Options) => process.exit(await gate(options)))
  .parseAsync();

async function gate({ only = '', runs, jobs }: Options): Promise<number> {
  const chosen = [...mutants.entries()].filter(([, { name }]) => name.includes(only));
  if (chosen.length === 0) {
    process.stderr.write(`mutants: no mutant has "${only}" in its name\n`);
    return exitCodes.usage;
  }
  const table = new Table({
    head: ['mutant', 'breaks', 'killed'],
    style: { head: [], border: [] },
  });
  let bad = 0;
  let longest = 0;
  const left = [...chosen];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [number, mutant] = next;
      const { killedAt, others, verdict } = await verdictOf(number, runs);
      const before = Object.entries(others).map(([check, times]) => `${check} ${times}×`);
      const also = before.length > 0 ? ` (before: ${before.join(', ')})` : '';
      table.push([mutant.name, mutant.invariant, verdict + also]);
      if (killedAt === undefined) bad += 1;
      longest = Math.max(longest, killedAt ?? 0);
      process.stderr.write(`${mutant.name}: ${verdict}${also}\n`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  process.stdout.write(`${table.toString()}\n`);
  const original = await tryOriginal(longest);
  if (original.killedAt !== undefined) {
    process.stdout.write(`The sources as they are fail at seed ${original.killedAt}.\n`);
    return exitCodes.failed;
  }
  process.stdout.write(`The sources as they are pass the seeds 1 to ${longest}.\n`);
  process.stdout.write(`${chosen.length - bad} mutants killed, ${bad} not.\n`);
  return bad === 0 ? exitCodes.ok : exitCodes.failed;
}

async function verdictOf(number: number, runs: number) {
  const mutant = mutants[number];
  if (mutant === undefined) throw new RangeError(`there is no mutant ${number}`);
  try {
    const { killedAt, others } = await tryMutant(mutant, number, runs);
    const unit = mutant.invariant === 'leadership' ? 'promise' : 'seed';
    const verdict = killedAt === undefined ? 'SURVIVES' : `at ${unit} ${killedAt}`;
    return { killedAt, others, verdict };
  } catch (error) {
    if (!(error instanceof UselessMutantError)) throw error;
    return { killedAt: undefined, others: {}, verdict: `USELESS ${error.message}` };
  }
}
