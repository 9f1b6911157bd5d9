import { setTimeout as delay } from 'node:timers/promises';
import type { SynodClient } from '../../../client/src/client.ts';
import { SynodError } from '../../../client/src/synod-error.ts';
import { failureText } from './command-error.ts';
import { interruption } from './interruption.ts';
import { printable } from './printable.ts';
import { print, withClient, type SessionOptions } from './session.ts';

export interface LogOptions extends SessionOptions {
  readonly follow?: true;
}

const PAGE = 500;
const FOLLOW_MS = 1_000;

/** On a terminal, control characters of texts are shown and not obeyed. */
export async function log(options: LogOptions): Promise<void> {
  await withClient(options, async (client) => {
    if (options.follow === true) return follow(client, options);
    const texts: string[] = [];
    await read(client, 0, (page) => void texts.push(...page));
    if (options.output === 'json' || texts.length > 0)
      print(options, texts, () => texts.map(shown).join('\n'));
  });
}

function shown(text: string): string {
  return process.stdout.isTTY ? printable(text) : text;
}

/** Reads what is there from a position on. @returns the position after it */
async function read(
  client: SynodClient,
  from: number,
  take: (texts: readonly string[]) => void,
): Promise<number> {
  for (let at = from; ;) {
    const { texts, total } = await client.readTexts({ from: at, limit: PAGE });
    take(texts);
    at += texts.length;
    if (texts.length === 0 || at >= total) return at;
  }
}

/** Prints what is there, and then what comes, until Ctrl-C; what fails is tried again. */
async function follow(client: SynodClient, options: LogOptions): Promise<void> {
  const signal = interruption();
  // A read that is under way would go on until its deadline.
  signal.addEventListener('abort', () => void client.close());
  // Whoever reads it may have seen enough: `head`, say.
  process.stdout.once('error', () => process.exit());
  let at = 0;
  let trouble = '';
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      await read(client, at, (texts) => {
        at += texts.length;
        if (isOver()) return;
        for (const text of texts) print(options, text, () => shown(text));
      });
      trouble = '';
    } catch (error) {
      if (!(error instanceof SynodError)) throw error;
      const now = `synod: ${failureText(error)} Trying again.\n`;
      if (now !== trouble && !isOver()) process.stderr.write(now);
      trouble = now;
    }
    await delay(FOLLOW_MS, undefined, { signal }).catch(() => undefined);
  }
}
