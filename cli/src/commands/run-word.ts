import type { SynodClient } from '../../../client/src/client.ts';
import type { Word, WordContext } from '../../../machines/src/port/words.ts';
import { failureText } from './command-error.ts';
import { interruption } from './interruption.ts';
import { printable } from './printable.ts';
import { print, withClient, type SessionOptions } from './session.ts';

/** What stood on the command line after the word. */
export interface GivenToWord {
  readonly options: SessionOptions;
  readonly args: readonly string[];
  readonly on: ReadonlySet<string>;
}

/** Runs the word of a machine with the cluster that the options, or the working folder, name. */
export async function runWord(word: Word, { options, args, on }: GivenToWord): Promise<void> {
  await withClient(options, (client) => word.run(contextOf(client, options), args, on));
}

function contextOf(client: SynodClient, options: SessionOptions): WordContext {
  let signal: AbortSignal | undefined;
  let trouble = '';
  return {
    port: client,
    print: (result, text) => print(options, result, text),
    shown: (text) => (process.stdout.isTTY ? printable(text) : text),
    isJson: options.output === 'json',
    untilInterrupted: () => (signal ??= untilInterrupted(client)),
    retrying: (error) => {
      const now = `synod: ${failureText(error)} Trying again.\n`;
      if (now !== trouble) process.stderr.write(now);
      trouble = now;
    },
    succeeded: () => {
      trouble = '';
    },
  };
}

function untilInterrupted(client: SynodClient): AbortSignal {
  const signal = interruption();
  // What is under way would go on until its deadline.
  signal.addEventListener('abort', () => void client.close());
  // Whoever reads the output may have seen enough: `head`, say.
  process.stdout.once('error', () => process.exit());
  return signal;
}
