import type { Configuration } from '../../../node/src/paxos/configuration.ts';
import type { Effect } from '../../../node/src/paxos/effects.ts';
import { Reader } from '../../../node/src/paxos/reader.ts';
import { sent, timing } from './samples.ts';

const run = { count: 2, random: 7 };
const before = { count: 1, random: 7 };
const configuration = (number: number, voters: string[]): Configuration => {
  return { number, from: 0, voters, learners: [], window: 4 };
};
const first = configuration(0, ['a', 'b', 'c']);
const next = configuration(1, ['b', 'c', 'd']);

const readable = (effects: readonly Effect[]): number[] =>
  effects.flatMap((effect) => (effect.type === 'readable' ? [effect.read] : []));
const probes = (effects: readonly Effect[]): { to: readonly string[]; number: number }[] =>
  sent(effects, 'probe').map(({ to, message }) => ({ to, number: message.number }));

/** A reader to which a read has come; it has asked, at slot 5. */
function asking(): Reader {
  const reader = new Reader(run, timing);
  reader.came(1);
  expect(probes(reader.proceed(5, first))).toEqual([{ to: ['a', 'b', 'c'], number: 1 }]);
  return reader;
}

const answer = (reader: Reader, from: string, number: number, end: number, of = run): void =>
  reader.probed(from, { type: 'probed', of, number, end });

test('a read waits for what the farthest of a quorum has accepted', () => {
  const reader = asking();
  answer(reader, 'a', 1, 5);
  expect(readable(reader.proceed(9, first))).toEqual([]);
  answer(reader, 'b', 1, 8);
  expect(readable(reader.proceed(7, first))).toEqual([]);
  expect(readable(reader.proceed(8, first))).toEqual([1]);
  expect(reader.proceed(9, first)).toEqual([]);
});

test('one voter is no quorum, however often it answers; who has no vote does not count', () => {
  const reader = asking();
  for (const from of ['b', 'b', 'd']) answer(reader, from, 1, 5);
  expect(readable(reader.proceed(9, first))).toEqual([]);
});

test('a probe serves no read that came after it was sent', () => {
  const reader = asking();
  reader.came(2);
  expect(reader.proceed(5, first)).toEqual([]); // One probe at a time.
  for (const from of ['a', 'b']) answer(reader, from, 1, 5);
  const effects = reader.proceed(5, first);
  expect(readable(effects)).toEqual([1]);
  expect(probes(effects)).toEqual([{ to: ['a', 'b', 'c'], number: 2 }]);
  for (const from of ['b', 'c']) answer(reader, from, 2, 5);
  expect(readable(reader.proceed(5, first))).toEqual([2]);
});

test('an answer to another probe, or to an earlier run, is too old', () => {
  const reader = asking();
  for (const from of ['a', 'b']) answer(reader, from, 1, 0, before);
  for (const from of ['a', 'b']) answer(reader, from, 0, 0);
  expect(readable(reader.proceed(9, first))).toEqual([]);
});

test('a later probe serves the reads of the one before, which may wait for longer', () => {
  const reader = asking();
  for (const from of ['a', 'b']) answer(reader, from, 1, 9);
  reader.came(2);
  reader.proceed(5, first);
  for (const from of ['b', 'c']) answer(reader, from, 2, 6);
  expect(readable(reader.proceed(6, first))).toEqual([2]);
  expect(reader.proceed(9, first)).toEqual([]);
});

test('where another configuration rules by then, its voters are asked, too', () => {
  const reader = asking();
  for (const from of ['a', 'b']) answer(reader, from, 1, 8);
  const effects = reader.proceed(8, next);
  expect(readable(effects)).toEqual([]);
  expect(probes(effects)).toEqual([{ to: ['b', 'c', 'd'], number: 2 }]);
  for (const from of ['c', 'd']) answer(reader, from, 2, 9);
  expect(readable(reader.proceed(9, next))).toEqual([1]);
});

test('a probe of voters that vote no longer is given up', () => {
  const reader = asking();
  expect(reader.tick(0.5, next)).toEqual([]);
  expect(probes(reader.proceed(8, next))).toEqual([{ to: ['b', 'c', 'd'], number: 2 }]);
});

test('whoever has not answered is asked again', () => {
  const reader = asking();
  answer(reader, 'b', 1, 5);
  const effects: Effect[] = [];
  for (let i = 0; i < timing.retransmit; i++) effects.push(...reader.tick(0.5, first));
  expect(probes(effects)).toEqual([{ to: ['a', 'c'], number: 1 }]);
});

test('a slot that nobody fills is named; where slots are applied, none', () => {
  const reader = asking();
  for (const from of ['a', 'b']) answer(reader, from, 1, 9);
  reader.proceed(5, first);
  const stuck = (slotOut: (tick: number) => number): (number | undefined)[] =>
    Array.from({ length: timing.retransmit + 1 }, (_, i) => reader.stuckOn(0.5, slotOut(i)));
  expect(stuck((tick) => tick % 2).every((slot) => slot === undefined)).toBe(true);
  expect(stuck(() => 5)).toContain(8);
});
