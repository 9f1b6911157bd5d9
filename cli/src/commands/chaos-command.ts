import type { Command } from 'commander';
import type { ChaosListOptions, ChaosRunOptions } from './chaos.ts';
import { output } from './options.ts';

/** `synod chaos`: commander's part of it; what it does is in chaos.ts. */
export function addChaosCommand(program: Command): void {
  const chaos = program
    .command('chaos')
    .description('Break a cluster on purpose, and see whether it keeps its promises.')
    .addHelpText('after', help);

  chaos
    .command('list')
    .description('What can be tried, and what each experiment shows.')
    .addOption(output())
    .action(async (options: ChaosListOptions) => (await import('./chaos.ts')).list(options));

  chaos
    .command('run')
    .description(
      'Start three members of its own, load them, let a fault strike, and judge what came of it.',
    )
    .argument('<name>', 'of an experiment: see "synod chaos list"; or all')
    .option('--folder <folder>', 'where the data of the members goes meanwhile', '.')
    .option('--svg <file>', 'draw the time line to this file (default: no drawing)')
    .addOption(output())
    .action(async (name: string, options: ChaosRunOptions) =>
      (await import('./chaos.ts')).run(name, options),
    );
}

const help = `
All through an experiment, 48 writers add to registers, and 24 readers read them. An experiment
passes when every answered write is there, once, in one order that all answers agree with, when
writes did not stop for longer than it allows, and when all is well again at the end.

Exit status: 0 passed, 1 failed, 4 nothing was tried, as the cluster did not serve well before.

Examples:
  synod chaos list
  synod chaos run kill-leader --svg kill-leader.svg
  synod chaos run all --output json`;
