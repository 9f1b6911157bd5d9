import { refusalOf } from '../../../node/src/paxos/change.ts';
import { changeOf, isShown, isTooMany } from '../../../node/src/service/membership.ts';

const newest = { number: 4, from: 20, voters: ['a', 'b'], learners: ['c'], window: 8 };

test.each([
  ['add', 'd', ['a', 'b'], ['c', 'd']],
  ['promote', 'c', ['a', 'b', 'c'], []],
  ['remove', 'b', ['a'], ['c']],
  ['remove', 'c', ['a', 'b'], []],
] as const)('%s %s is a change that may follow, once', (step, member, voters, learners) => {
  const request = { step, member, base: 4, force: false };
  const change = changeOf(request, newest);
  expect(change).toEqual({ base: 4, voters, learners, forced: false });
  expect(refusalOf(change, newest, true)).toBeUndefined();
  expect(isShown(request, newest)).toBe(false);
  expect(isShown(request, { ...newest, voters, learners })).toBe(true);
});

test('who is no learner is not promoted; force and base are those of the request', () => {
  const change = changeOf({ step: 'promote', member: 'x', base: 3, force: true }, newest);
  expect(change).toMatchObject({ base: 3, forced: true });
  expect(refusalOf({ ...change, base: 4 }, newest, true)).toBe('UNKNOWN_MEMBER');
});

test('an eighth voter is too many; a learner beside seven is not, and one voter may go', () => {
  const seven = { ...newest, voters: ['a', 'b', 'e', 'f', 'g', 'h', 'i'] };
  const isRefused = (step: 'add' | 'promote' | 'remove', member: string): boolean =>
    isTooMany(changeOf({ step, member, base: 4, force: true }, seven), seven);
  expect(isRefused('promote', 'c')).toBe(true);
  expect(isRefused('add', 'd')).toBe(false);
  expect(isRefused('remove', 'a')).toBe(false);
  expect(
    isTooMany(changeOf({ step: 'promote', member: 'c', base: 4, force: true }, newest), newest),
  ).toBe(false);
});
