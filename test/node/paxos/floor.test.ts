import { floorOf } from '../../../node/src/paxos/floor.ts';

const flushed: Record<string, number> = { a: 50, b: 40, c: 30, d: 20, e: 10 };
const floor = (...configurations: string[]): number =>
  floorOf(
    configurations.map((voters) => [...voters]),
    (voter) => flushed[voter] ?? 0,
  );

test('as many as may be lost, and one more, have the state up to the floor', () => {
  expect(floor('a')).toBe(50);
  expect(floor('ab')).toBe(50);
  expect(floor('abc')).toBe(40);
  expect(floor('abcd')).toBe(40);
  expect(floor('abcde')).toBe(30);
});

test('so it is in each configuration', () => {
  expect(floor('abc', 'cde')).toBe(20);
});

test('who was not heard has nothing', () => {
  expect(floor('axy')).toBe(0);
});
