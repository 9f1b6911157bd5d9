import type { Operation } from './history.ts';
import { isLinearizable } from './linearizability.ts';
import {
  chatLogModel,
  type LogInput,
  type LogOutput,
} from '../../../machines/src/chat-log/model.ts';
import { registerModel, type RegisterInput } from '../../../machines/src/counter/model.ts';

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

test('a history that many operations without a reply make no order of is refused soon', () => {
  const open = Array.from({ length: 40 }, (_, i) => register(i % 2 ? 'add' : 'read', [i, OPEN]));
  const read = (at: number, value: number) => register('read', [at, at + 5], value);
  const judge = (values: readonly number[]) => {
    const reads = values.map((value, i) => read(100 + 10 * i, value));
    return isLinearizable(registerModel, [...open, ...reads]);
  };
  expect(judge([3, 9, 20])).toBe(true);
  expect(judge([3, 9, 8])).toBe(false);
  expect(judge([3, 9, 21])).toBe(false);
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
