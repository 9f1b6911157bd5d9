import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Random } from '../random.ts';
import type { Operation } from './history.ts';
import { isLinearizable } from './linearizability.ts';
import { chatLogModel, registerModel, type LogInput, type LogOutput } from './models.ts';
import type { RegisterInput } from './models.ts';

type RegisterOperation = Operation<RegisterInput, number>;
type LogOperation = Operation<LogInput, LogOutput>;

const OPEN = undefined;

/** One of a register's operations; without a return its output is not known. */
function register(
  type: RegisterInput['type'],
  [calledAt, returnedAt]: readonly [number, number | undefined],
  output?: number,
): RegisterOperation {
  const call = { client: 'c', input: { type }, calledAt };
  return returnedAt === undefined || output === undefined ? call : { ...call, returnedAt, output };
}

function append(at: number, text: string, position: number, existed = false): LogOperation {
  const output = { type: 'appended', position, existed } as const;
  return { client: 'c', input: { type: 'append', text }, calledAt: at, returnedAt: at + 5, output };
}

function readLog(at: number, texts: readonly string[]): LogOperation {
  const output = { type: 'texts', texts } as const;
  return { client: 'c', input: { type: 'read' }, calledAt: at, returnedAt: at + 5, output };
}

describe('a register', () => {
  const judge = (history: readonly RegisterOperation[]) => isLinearizable(registerModel, history);

  test('adds that overlap may be put in either order', () => {
    const two = register('add', [0, 10], 2);
    expect(judge([two, register('add', [5, 15], 1), register('read', [20, 25], 2)])).toBe(true);
    expect(judge([two, register('add', [11, 15], 1)])).toBe(false);
  });

  test('a lost write', () => {
    const [one, two] = [register('add', [0, 5], 1), register('add', [10, 15], 2)];
    expect(judge([one, two, register('read', [20, 25], 2)])).toBe(true);
    expect(judge([one, two, register('read', [20, 25], 1)])).toBe(false);
    expect(judge([one, register('add', [10, 15], 1)])).toBe(false);
  });

  test('a stale read', () => {
    const add = register('add', [0, 10], 1);
    expect(judge([add, register('read', [5, 8], 0), register('read', [20, 25], 1)])).toBe(true);
    // Who reads after a read that saw the write has to see it too, though the write goes on.
    expect(judge([add, register('read', [2, 4], 1), register('read', [5, 8], 0)])).toBe(false);
    expect(judge([add, register('read', [20, 25], 0)])).toBe(false);
  });

  test('a double execution', () => {
    const add = register('add', [0, 5], 1);
    expect(judge([add, register('read', [10, 15], 2)])).toBe(false);
    expect(judge([add, register('add', [10, 15], 3)])).toBe(false);
  });

  test('an operation without a reply runs late, or never, or early, but once', () => {
    const open = register('add', [0, OPEN]);
    expect(judge([open, register('read', [10, 15], 0), register('read', [20, 25], 1)])).toBe(true);
    expect(judge([open, register('read', [10, 15], 0)])).toBe(true);
    expect(judge([open, register('read', [10, 15], 1), register('read', [20, 25], 0)])).toBe(false);
    expect(judge([open, register('read', [10, 15], 2)])).toBe(false);
  });
});

describe('a chat log', () => {
  const judge = (history: readonly LogOperation[]) => {
    return isLinearizable(chatLogModel(['a', 'b']), history);
  };

  test('a lost write', () => {
    expect(judge([append(0, 'a', 0), append(10, 'b', 1), readLog(20, ['a', 'b'])])).toBe(true);
    expect(judge([append(0, 'a', 0), append(10, 'b', 1), readLog(20, ['b'])])).toBe(false);
    expect(judge([append(0, 'a', 0), append(10, 'b', 0)])).toBe(false);
  });

  test('a stale read', () => {
    expect(judge([append(0, 'a', 0), readLog(10, [])])).toBe(false);
  });

  test('a double execution', () => {
    expect(judge([append(0, 'a', 0), append(10, 'a', 0, true), readLog(20, ['a'])])).toBe(true);
    expect(judge([append(0, 'a', 0), append(10, 'a', 1), readLog(20, ['a', 'a'])])).toBe(false);
  });
});

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

const hasGo = (process.env['PATH'] ?? '').split(path.delimiter).some((folder) => {
  return fs.existsSync(path.join(folder, 'go'));
});

(hasGo ? test : test.skip)(
  'agrees with Porcupine on random histories',
  () => {
    const random = new Random(1);
    const histories = Array.from({ length: 3_000 }, () => randomHistory(random));
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'porcupine-'));
    const program = path.join(folder, 'porcupine');
    try {
      const cwd = path.join(import.meta.dirname, 'porcupine');
      execFileSync('go', ['build', '-o', program, '.'], { cwd, timeout: 120_000 });
      const input = histories.map((history) => `${JSON.stringify(history)}\n`).join('');
      const verdicts = execFileSync(program, { input, encoding: 'utf8', timeout: 60_000 });
      const expected = verdicts
        .trim()
        .split('\n')
        .map((verdict) => verdict === 'true');
      const own = histories.map((history) => isLinearizable(registerModel, history));
      expect(own).toEqual(expected);
      const share = own.filter(Boolean).length / own.length;
      expect([share > 0.25, share < 0.75]).toEqual([true, true]);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  },
  200_000,
);
