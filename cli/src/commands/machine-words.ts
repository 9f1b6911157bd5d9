import { Option, type Command } from 'commander';
import { machines } from '../../../machines/src/machines.ts';
import type { Word } from '../../../machines/src/port/words.ts';
import { asking } from './options.ts';
import type { SessionOptions } from './session.ts';

/** The words of each machine, which only a cluster of that machine knows. */
export function addMachineWords(program: Command): void {
  const words = Object.values(machines).flatMap((machine) => machine.words);
  for (const word of words) add(program, word);
}

function add(program: Command, word: Word): void {
  const { name, summary, takes = {}, switches = {} } = word;
  const command = asking(program.command(name)).description(summary);
  for (const [argument, about] of Object.entries(takes)) command.argument(`<${argument}>`, about);
  const flags = Object.entries(switches).map(([each, about]) => new Option(`--${each}`, about));
  for (const flag of flags) command.addOption(flag);
  command.action(async () => {
    const options = command.opts<SessionOptions & Record<string, unknown>>();
    const given = flags.filter((flag) => options[flag.attributeName()] === true);
    const on = new Set(given.map((flag) => flag.name()));
    const { runWord } = await import('./run-word.ts');
    await runWord(word, { options, args: command.args, on });
  });
}
