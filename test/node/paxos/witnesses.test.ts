import type { LogEnd } from '../../../node/src/paxos/log-end.ts';
import { Witnesses } from '../../../node/src/paxos/witnesses.ts';
import { end } from './samples.ts';

const run = (count: number, random = 7): LogEnd['incarnation'] => ({ count, random });

test('nothing is remembered of whom nobody heard', () => {
  expect(new Witnesses({}).testimonyFor('b', run(1))).toEqual({ sequence: 0 });
});

test('whoever comes back is told how far an earlier run of it said that its log went', () => {
  const witnesses = new Witnesses({});
  expect(witnesses.heard('b', end(40, 3))).toBe('well');
  expect(witnesses.heard('b', end(30, 3))).toBe('well'); // Late, and no less true.
  expect(witnesses.heard('b', end(12, 4))).toBe('well');
  expect(witnesses.testimonyFor('b', run(4))).toEqual({ sequence: 40 });
  // What the run itself has said meanwhile is no evidence against it.
  witnesses.heard('b', end(90, 4));
  expect(witnesses.testimonyFor('b', run(4))).toEqual({ sequence: 40 });
  expect(witnesses.testimonyFor('b', run(5))).toEqual({ latest: run(4), sequence: 90 });
});

test('of three runs the farthest counts', () => {
  const witnesses = new Witnesses({});
  for (const [sequence, count] of [
    [40, 3],
    [12, 4],
    [13, 5],
  ] as const) {
    witnesses.heard('b', end(sequence, count));
  }
  expect(witnesses.testimonyFor('b', run(5))).toEqual({ sequence: 40 });
});

test('a run that another one outlives counts for nothing', () => {
  const witnesses = new Witnesses({});
  witnesses.heard('b', end(40, 3));
  expect(witnesses.heard('b', end(99, 2))).toBe('outlived');
  // Of what it had, the later run may lack something: it is told.
  expect(witnesses.testimonyFor('b', run(2))).toEqual({ latest: run(3), sequence: 99 });
  expect(witnesses.testimonyFor('b', run(3))).toEqual({ sequence: 99 });
});

test('of two runs with one number neither counts, until a later one is heard', () => {
  const witnesses = new Witnesses({});
  expect(witnesses.heard('b', end(40, 3, 1))).toBe('well');
  expect(witnesses.heard('b', end(41, 3, 2))).toBe('twins');
  expect(witnesses.heard('b', end(42, 3, 1))).toBe('twins');
  // Each is told of the other one.
  expect(witnesses.testimonyFor('b', run(3, 1))).toMatchObject({ latest: run(3, 2) });
  expect(witnesses.testimonyFor('b', run(3, 2))).toMatchObject({ latest: run(3, 1) });
  expect(witnesses.heard('b', end(43, 4))).toBe('well');
  expect(witnesses.heard('b', end(44, 3, 1))).toBe('outlived');
});

test('what was heard is remembered in another run of the witness', () => {
  const witnesses = new Witnesses({});
  witnesses.heard('b', end(40, 3));
  witnesses.heard('b', end(12, 4));
  witnesses.heard('c', end(7, 1));
  const kept = witnesses.ends(['b', 'nobody']);
  expect(kept).toEqual({ b: { ...end(12, 4), before: 40 } });
  const later = new Witnesses(kept);
  // The run that asked before asks again.
  expect(later.testimonyFor('b', run(4))).toEqual({ sequence: 40 });
  const told = new Witnesses({});
  told.heard('b', end(12, 4));
  told.heard('b', { ...end(12, 4), before: 40 });
  expect(told.testimonyFor('b', run(4))).toEqual({ sequence: 40 });
  expect(later.testimonyFor('b', run(5))).toEqual({ latest: run(4), sequence: 40 });
  expect(later.heard('b', end(12, 5))).toBe('well');
  expect(later.testimonyFor('b', run(5))).toEqual({ sequence: 40 });
});
