import type { ChatResult } from '../../../machines/src/chat-log/operations.ts';
import { Random } from '../random.ts';
import type { Operation } from './history.ts';
import { isLinearizable } from './linearizability.ts';
import { chatLogModel } from '../../../machines/src/chat-log/model.ts';
import { registerModel, type RegisterInput } from '../../../machines/src/counter/model.ts';
import { placed, type ChatCall } from './placed.ts';
import type { Judged } from './porcupine.ts';
import { builtPorcupine, withGo } from './with-go.ts';

type RegisterOperation = Operation<RegisterInput, number>;

const porcupine = builtPorcupine();

function append(at: number, text: string, position?: number, existed = false): ChatCall {
  const call = { client: 'c', input: { type: 'append', text }, calledAt: at } as const;
  if (position === undefined) return call;
  return { ...call, returnedAt: at + 5, output: { type: 'appended', position, existed } };
}

function read(at: number, log: readonly string[], from = 0, limit = 100): ChatCall {
  const output = {
    type: 'texts',
    texts: log.slice(from, from + limit),
    total: log.length,
  } as const;
  const input = { type: 'read', from, limit } as const;
  return { client: 'c', input, calledAt: at, returnedAt: at + 5, output };
}

describe('a chat log', () => {
  const [a, b] = [append(0, 'a', 0), append(10, 'b', 1)];
  const right: Readonly<Record<string, readonly ChatCall[]>> = {
    'one after the other': [a, b, read(20, ['a', 'b']), read(30, ['a', 'b'], 1, 1)],
    'at a time, in either order': [append(0, 'a', 1), append(2, 'b', 0), read(9, ['b', 'a'])],
    'a read meanwhile, before or after it': [a, read(2, []), read(3, ['a'])],
    'a page of nothing': [a, read(10, ['a'], 1), read(20, ['a'], 7), read(30, ['a'], 0, 0)],
    'the same text again': [a, append(10, 'a', 0, true), read(20, ['a'])],
    'without an answer, and late': [append(0, 'b'), a, read(10, ['a']), read(20, ['a', 'b'])],
    'without an answer, and never': [append(0, 'b'), a, read(10, ['a']), read(20, ['a'])],
    'again after no answer': [append(0, 'a'), append(10, 'a', 0, true), read(20, ['a'])],
  };
  const wrong: Readonly<Record<string, readonly ChatCall[]>> = {
    'a stale read': [a, b, read(20, ['a'])],
    'a stale page': [a, b, read(20, ['a'], 1, 1)],
    'a stale read after one that was not': [append(0, 'a'), read(1, ['a']), read(10, [])],
    'a lost append': [a, b, read(20, ['b'])],
    'a lost append, and its place given away': [a, append(10, 'b', 0)],
    'a lost append that a later page misses': [a, b, append(20, 'c', 2), read(30, ['a', 'c'], 1)],
    'an append that was there before anybody sent it': [append(0, 'a', 0, true), read(10, ['a'])],
    'a double execution': [a, append(10, 'a', 1), read(20, ['a', 'a'])],
    'another order than was answered': [a, b, read(20, ['b', 'a'])],
    'without an answer, then gone': [append(0, 'b'), a, read(10, ['a', 'b']), read(20, ['a'])],
    'a text of nobody': [a, read(10, ['a', 'x'])],
    'before it was called': [read(0, ['a']), append(10, 'a', 0)],
  };

  withGo('what is right, and what is wrong', async () => {
    const judge = async (histories: typeof right): Promise<Record<string, string>> => {
      const judged = await porcupine().judge('chat-log', Object.values(histories));
      return Object.fromEntries(Object.keys(histories).map((name, i) => [name, wordOf(judged[i])]));
    };
    expect(new Set(Object.values(await judge(right)))).toEqual(new Set(['Ok']));
    expect(new Set(Object.values(await judge(wrong)))).toEqual(new Set(['Illegal']));
  });

  withGo('names the operation whose return nothing explains', async () => {
    const history = [a, b, read(20, ['a']), read(30, ['a', 'b'])];
    const judged = await porcupine().judge('chat-log', [history], { explain: true });
    expect(judged).toEqual([{ verdict: 'Illegal', operation: 2 }]);
  });

  withGo(
    'agrees with the own checker on random histories, also when they were made easy to judge',
    async () => {
      const random = new Random(1);
      const runs = Array.from({ length: 2_000 }, () => randomChat(random));
      const histories = runs.map(({ history }) => history);
      const easy = runs.map(({ history, texts }) => placed(history, texts));
      const judged = (await porcupine().judge('chat-log', histories)).map(wordOf);
      expect((await porcupine().judge('chat-log', easy)).map(wordOf)).toEqual(judged);
      const own = runs.map(({ history, texts }) => {
        const meaningful = history.filter((each) => each.returnedAt ?? each.input.type !== 'read');
        return isLinearizable(chatLogModel(texts), meaningful as never[]) ? 'Ok' : 'Illegal';
      });
      expect(own).toEqual(judged);
      const share = judged.filter((word) => word === 'Ok').length / judged.length;
      expect([share > 0.25, share < 0.75]).toEqual([true, true]);
    },
    60_000,
  );
});

function wordOf(judged: Judged | undefined): string {
  return judged?.verdict ?? 'none';
}

/** Clients at a chat log, then a read of all of it; in some histories an output is wrong. */
function randomChat(random: Random): { history: ChatCall[]; texts: readonly string[] } {
  const calls: { client: string; text?: string; call: number; effect: number; end?: number }[] = [];
  const clients = 2 + random.below(3);
  for (let client = 0; client < clients; client++) {
    let now = random.below(10);
    for (let i = random.below(6); i > 0; i--) {
      const isOpen = random.chance(0.2);
      const effect = now + random.next() * (isOpen ? 60 : 15);
      const end = Math.ceil(effect) + random.below(10);
      const text = `t${random.below(8)}`;
      const append = random.chance(0.5) ? { text } : {};
      calls.push({ client: `c${client}`, ...append, call: now, effect, ...(!isOpen && { end }) });
      now = (isOpen ? now + 10 : end) + 1 + random.below(10);
    }
  }
  const texts: string[] = [];
  const isWrong = random.chance(0.7);
  const history = calls
    .sort((x, y) => x.effect - y.effect)
    .map(({ client, text, call: calledAt, end: returnedAt }): ChatCall => {
      const position = text === undefined ? -1 : texts.indexOf(text);
      const isLost = returnedAt === undefined && random.chance(0.5);
      if (text !== undefined && position < 0 && !isLost) texts.push(text);
      const input =
        text === undefined
          ? ({ type: 'read', from: 0, limit: 100 } as const)
          : ({ type: 'append', text } as const);
      const call = { client, input, calledAt };
      if (returnedAt === undefined) return call;
      const isPlanted = isWrong && random.chance(0.15);
      return { ...call, returnedAt, output: outputOf(text, position, texts, isPlanted) };
    });
  return { history: [...history, read(1_000, texts)], texts };
}

/** @param position of the text before; −1 without one */
function outputOf(
  text: string | undefined,
  position: number,
  texts: readonly string[],
  isWrong: boolean,
): ChatResult {
  if (text === undefined) {
    const seen = isWrong ? texts.slice(0, -1) : [...texts];
    return { type: 'texts', texts: seen, total: seen.length };
  }
  const existed = position >= 0;
  const at = existed ? position : texts.length - 1;
  return { type: 'appended', position: at + (isWrong ? 1 : 0), existed };
}

/** Clients at a register, one operation at a time each; in some histories an output is wrong. */
function randomHistory(random: Random): RegisterOperation[] {
  const clients = 2 + Math.floor(random.next() * 4);
  const calls: { client: string; type: RegisterInput['type']; call: number; effect: number }[] = [];
  for (let client = 0; client < clients; client++) {
    let now = 0;
    for (let i = Math.floor(random.next() * 8); i > 0; i--) {
      const call = now + Math.floor(random.next() * 20);
      const effect = call + random.next() * 20;
      const type = random.next() < 0.5 ? 'add' : 'read';
      calls.push({ client: `c${client}`, type, call, effect });
      now = Math.ceil(effect) + 1;
    }
  }
  let value = 0;
  const isWrong = random.next() < 0.7;
  return calls
    .sort((a, b) => a.effect - b.effect)
    .map(({ client, type, call: calledAt, effect }) => {
      if (type === 'add') value += 1;
      if (random.next() < 0.15) return { client, input: { type }, calledAt };
      const output = value + (isWrong && random.next() < 0.15 ? (random.next() < 0.5 ? 1 : -1) : 0);
      return { client, input: { type }, calledAt, returnedAt: Math.ceil(effect), output };
    });
}

withGo(
  'agrees with the own checker on random histories of a register',
  async () => {
    const random = new Random(1);
    const histories = Array.from({ length: 3_000 }, () => randomHistory(random));
    const judged = (await porcupine().judge('register', histories)).map(wordOf);
    const own = histories.map((history) =>
      isLinearizable(registerModel, history) ? 'Ok' : 'Illegal',
    );
    expect(own).toEqual(judged);
    const share = own.filter((word) => word === 'Ok').length / own.length;
    expect([share > 0.25, share < 0.75]).toEqual([true, true]);
  },
  60_000,
);
