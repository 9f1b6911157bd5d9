import { floorOf } from '../../../node/src/paxos/floor.ts';

const flushed: Record<string, number> = { a: 50, b: 40, c: 30, d: 20, e: 10 };
const floor = (...configurations: string[]): number =>
  floorOf(
    configurations.map((voters) => voters.split(' ')),
    (voter) => flushed[voter] ?? 0,
  );

test('as many as may be lost, and one more, have the state up to the floor', () => {
  expect(floor('a')).toBe(50);
  expect(floor('a b')).toBe(50);
  expect(floor('a b c')).toBe(40);
  expect(floor('a b c d')).toBe(40);
  expect(floor('a b c d e')).toBe(30);
});

test('so it is in each configuration', () => {
  expect(floor('a b c', 'c d e')).toBe(20);
});

test('who was not heard has nothing', () => {
  expect(floor('a x y')).toBe(0);
});
