import type { CoreMessage } from '../../../node/src/paxos/messages.ts';
import { isPlausible } from '../../../node/src/paxos/plausible.ts';
import { ballot, pvalue } from './samples.ts';

const known = { round: 7, slotsBelow: 100 };
const at = (round: number): { round: number; leader: string } => ({ round, leader: 'b' });
const p2a = { type: 'p2a', ballot: ballot('8.b'), slot: 99, value: [], decided: [98] } as const;
const p1b = {
  type: 'p1b',
  ballot: ballot('8.b'),
  from: 10,
  next: 20,
  forgotten: 5,
  pvalues: [pvalue('1.a', 10, 'x'), pvalue('8.b', 19)],
} as const;
const learned = {
  type: 'learned',
  from: 10,
  slotOut: 90,
  decisions: [pvalue('1.a', 10), pvalue('1.a', 500)],
} as const;

test.each<CoreMessage>([
  p2a,
  p1b,
  learned,
  { type: 'p1a', ballot: at(2 ** 32), from: 10 ** 9 },
  { type: 'decision', ballot: ballot('1.a'), slot: 99 },
  { type: 'propose', slot: 99, value: [] },
  { type: 'heartbeat', ballot: ballot('8.b'), slotOut: 10 ** 9, floor: 10 ** 9 },
  { type: 'learn', from: 10 ** 9 },
])('what an honest member may say is taken: %j', (message) => {
  expect(isPlausible(message, known)).toBe(true);
});

test.each<[string, CoreMessage]>([
  ['a p2a of a slot that nobody proposes for', { ...p2a, slot: 10 ** 8 }],
  ['one that says so of a decision', { ...p2a, decided: [2 ** 40] }],
  ['a decision there', { type: 'decision', ballot: ballot('1.a'), slot: 2 ** 40 }],
  ['a proposal there', { type: 'propose', slot: 100, value: [] }],
  ['a ballot that leaves no next one', { type: 'p1a', ballot: at(2 ** 48 - 1), from: 0 }],
  ['a ballot far beyond all others', { type: 'canvass', ballot: at(2 ** 33) }],
  ['a heartbeat with such a ballot', { type: 'heartbeat', ballot: at(2 ** 40), slotOut: 0 }],
  [
    'a pvalue with such a ballot',
    { ...p1b, pvalues: [{ ...pvalue('1.a', 12), ballot: at(2 ** 40) }] },
  ],
  ['a page that ends before it begins', { ...p1b, next: 10 }],
  ['a pvalue before its page', { ...p1b, pvalues: [pvalue('1.a', 9)] }],
  ['a pvalue behind its page', { ...p1b, pvalues: [pvalue('1.a', 20)] }],
  ['a page that is not in order', { ...p1b, pvalues: [pvalue('1.a', 12), pvalue('1.a', 11)] }],
  ['a page with a slot twice', { ...p1b, pvalues: [pvalue('1.a', 12), pvalue('2.a', 12)] }],
  ['a slot, forgotten, that fits in no log', { type: 'forgotten', below: 2 ** 48 }],
  ['decisions out of order', { ...learned, decisions: [pvalue('1.a', 12), pvalue('1.a', 11)] }],
  [
    'a floor above what is applied',
    { type: 'heartbeat', ballot: ballot('8.b'), slotOut: 3, floor: 4 },
  ],
  [
    'a flushed slot that is not applied',
    { type: 'alive', ballot: ballot('8.b'), slotOut: 3, flushed: 4 },
  ],
])('%s is dropped', (_, message) => {
  expect(isPlausible(message, known)).toBe(false);
});
