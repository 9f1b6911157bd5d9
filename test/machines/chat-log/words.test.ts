import { setTimeout as delay } from 'node:timers/promises';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { encodeChatResult, parseChatOperation } from '../../../machines/src/chat-log/operations.ts';
import { chatLogWords } from '../../../machines/src/chat-log/words.ts';
import type { Answer, CommandPort } from '../../../machines/src/port/calls.ts';
import type { WordContext } from '../../../machines/src/port/words.ts';

/** A cluster that has texts, and fails where it is told to. */
class Cluster implements CommandPort {
  readonly texts: string[] = [];
  failures = 0;

  async propose([operation = new Uint8Array()]: readonly Uint8Array[]): Promise<Answer> {
    const parsed = parseChatOperation(operation);
    if (parsed?.type !== 'append') throw new Error('it is no append');
    const text = parsed.utf8.toString();
    const at = this.texts.indexOf(text);
    if (at < 0) this.texts.push(text);
    const position = at < 0 ? this.texts.length - 1 : at;
    return answer({ type: 'appended', position, existed: at >= 0 });
  }

  async read([operation = new Uint8Array()]: readonly Uint8Array[]): Promise<Answer> {
    if (this.failures-- > 0) throw new SynodError('NO_LEADER');
    const parsed = parseChatOperation(operation);
    if (parsed?.type !== 'read') throw new Error('it is no read');
    const { from, limit } = parsed;
    const texts = this.texts.slice(from, from + limit);
    return answer({ type: 'texts', texts, total: this.texts.length });
  }
}

function answer(result: Parameters<typeof encodeChatResult>[0]): Answer {
  return { slot: 9, results: [encodeChatResult(result)] };
}

let cluster: Cluster;
let printed: string[];
let said: string[];
let interrupt: AbortController;
beforeEach(() => {
  [cluster, printed, said] = [new Cluster(), [], []];
  interrupt = new AbortController();
});

function run(name: string, args: readonly string[] = [], on: readonly string[] = [], json = false) {
  const word = chatLogWords.find((each) => each.name === name);
  const context: WordContext = {
    port: cluster,
    print: (result, text) => void printed.push(json ? JSON.stringify(result) : text()),
    shown: (text) => text.replace('\x1b', '\\x1b'),
    isJson: json,
    untilInterrupted: () => interrupt.signal,
    retrying: ({ code }) => void said.push(code),
    succeeded: () => void said.push('well'),
  };
  return word?.run(context, args, new Set(on));
}

test('append says where the text is, and that it was there', async () => {
  await run('append', ['a']);
  await run('append', ['a']);
  await run('append', ['b'], [], true);
  expect(printed).toEqual([
    'Slot 9, position 0.',
    'It was there already, at position 0.',
    '{"slot":9,"position":1,"existed":false}',
  ]);
});

test('log has every text of every page, with what a terminal would obey escaped', async () => {
  cluster.texts.push('\x1b[2J', ...Array.from({ length: 1_200 }, (_, i) => `text ${i}`));
  await run('log');
  expect(printed[0]?.split('\n')).toEqual(['\\x1b[2J', ...cluster.texts.slice(1)]);
});

test('an empty log is no line for people, and an empty list for programs', async () => {
  await run('log');
  await run('log', [], [], true);
  expect(printed).toEqual(['[]']);
});

test('log --follow prints what comes, once, says what fails, and ends when it is interrupted', async () => {
  cluster.texts.push('a');
  const following = run('log', [], ['follow']);
  while (printed.length < 1) await delay(5);
  cluster.failures = 1;
  cluster.texts.push('b');
  while (printed.length < 2) await delay(5);
  interrupt.abort();
  await following;
  expect(printed).toEqual(['a', 'b']);
  expect(said).toEqual(['well', 'NO_LEADER', 'well']);
});
