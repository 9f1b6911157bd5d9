import { setTimeout as delay } from 'node:timers/promises';
import { SynodError } from '../../../contract/src/synod-error.ts';
import type { Word, WordContext } from '../port/words.ts';
import { chatLog, type ChatLog } from './calls.ts';

const PAGE = 500;
const FOLLOW_MS = 1_000;

export const chatLogWords: readonly Word[] = [
  {
    name: 'append',
    summary: 'Append a text to the chat log and print its slot.',
    takes: { text: 'the text' },
    async run({ port, print }, [text = '']) {
      const result = await chatLog.over(port).append(text);
      print(result, () =>
        result.existed
          ? `It was there already, at position ${result.position}.`
          : `Slot ${result.slot}, position ${result.position}.`,
      );
    },
  },
  {
    name: 'log',
    summary: 'Print the chat log, one text a line, as of now (a linearizable read).',
    switches: { follow: 'then print what comes, until Ctrl-C' },
    async run(context, _, on) {
      if (on.has('follow')) return follow(context);
      const { port, print, shown, isJson } = context;
      const texts: string[] = [];
      await read(chatLog.over(port), 0, (page) => void texts.push(...page));
      if (isJson || texts.length > 0) print(texts, () => texts.map(shown).join('\n'));
    },
  },
];

/** Reads what is there from a position on. @returns the position after it */
async function read(
  calls: ChatLog,
  from: number,
  take: (texts: readonly string[]) => void,
): Promise<number> {
  for (let at = from; ;) {
    const { texts, total } = await calls.read({ from: at, limit: PAGE });
    take(texts);
    at += texts.length;
    if (texts.length === 0 || at >= total) return at;
  }
}

/** Prints what is there, and then what comes, until Ctrl-C; what fails is tried again. */
async function follow(context: WordContext): Promise<void> {
  const { port, print, shown, retrying, succeeded } = context;
  const calls = chatLog.over(port);
  const signal = context.untilInterrupted();
  const isOver = (): boolean => signal.aborted;
  let at = 0;
  while (!isOver()) {
    try {
      await read(calls, at, (texts) => {
        at += texts.length;
        if (isOver()) return;
        for (const text of texts) print(text, () => shown(text));
      });
      succeeded();
    } catch (error) {
      if (!(error instanceof SynodError)) throw error;
      if (!isOver()) retrying(error);
    }
    await delay(FOLLOW_MS, undefined, { signal }).catch(() => undefined);
  }
}
