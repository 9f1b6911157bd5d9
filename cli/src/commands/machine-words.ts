import type { Command } from 'commander';
import { machines } from '../../../machines/src/machines.ts';
import type { Word } from '../../../machines/src/port/words.ts';
import { asking } from './options.ts';
import type { SessionOptions } from './session.ts';

/** The words of each machine, which only a cluster of that machine knows. */
export function addMachineWords(program: Command): void {
  for (const { words } of Object.values(machines)) for (const word of words) add(program, word);
}

function add(program: Command, word: Word): void {
  const { name, summary, takes = {}, switches = {} } = word;
  const command = asking(program.command(name)).description(summary);
  for (const [argument, about] of Object.entries(takes)) command.argument(`<${argument}>`, about);
  for (const [flag, about] of Object.entries(switches)) command.option(flag, about);
  command.action(async () => {
    const options = command.opts<SessionOptions & Record<string, unknown>>();
    const names = Object.keys(switches).map((flag) => flag.replace('--', ''));
    const on = new Set(names.filter((each) => options[each] === true));
    const { runWord } = await import('./run-word.ts');
    await runWord(word, { options, args: command.args, on });
  });
}
