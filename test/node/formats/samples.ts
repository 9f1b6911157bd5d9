import type { LogRecord } from '../../../node/src/paxos/effects.ts';
import type { Stamp } from '../../../node/src/transport/transport.ts';
import type { Message } from '../../../node/src/paxos/messages.ts';
import { ballot, pvalue, value } from '../paxos/samples.ts';

/** What every frame in `wire-3.json` says of its sender. */
export const stamp: Stamp = {
  end: { incarnation: { count: 3, random: 0xc0ffee }, sequence: 77 },
  history: { slot: 9, from: 0, hash: 0xfedc_ba98_7654_3210n },
};

/** One message of each type, as `wire-3.json` has them. */
export const messages: { [T in Message['type']]: Extract<Message, { type: T }> } = {
  p1a: { type: 'p1a', ballot: ballot('3.b'), from: 7 },
  p2a: { type: 'p2a', ballot: ballot('3.b'), slot: 8, value: value('x', 'yz'), decided: [6, 7] },
  p1b: {
    type: 'p1b',
    ballot: ballot('3.b'),
    from: 7,
    next: 9,
    forgotten: 5,
    pvalues: [pvalue('2.a', 7, 'x'), pvalue('3.b', 8)],
  },
  p2b: { type: 'p2b', ballot: ballot('3.b'), slot: 8 },
  propose: { type: 'propose', slot: 8, value: value('x') },
  forgotten: { type: 'forgotten', below: 5 },
  heartbeat: {
    type: 'heartbeat',
    ballot: ballot('3.b'),
    slotOut: 9,
    floor: 4,
    ends: { a: { incarnation: { count: 2, random: 5 }, sequence: 60 } },
  },
  decision: { type: 'decision', ballot: ballot('3.b'), slot: 8, value: value('x') },
  learn: { type: 'learn', from: 7, ballot: ballot('3.b'), survey: 2 },
  learned: { type: 'learned', from: 7, slotOut: 9, decisions: [pvalue('2.a', 7, 'x')], survey: 2 },
  alive: { type: 'alive', ballot: ballot('3.b'), slotOut: 9, flushed: 4, machine: 2 },
  canvass: { type: 'canvass', ballot: ballot('4.c') },
  canvassed: { type: 'canvassed', ballot: ballot('4.c'), supports: true, slotOut: 9 },
  'hand-over': { type: 'hand-over', ballot: ballot('3.b') },
  question: { type: 'question' },
  testimony: {
    type: 'testimony',
    of: { count: 2, random: 5 },
    latest: { count: 3, random: 6 },
    sequence: 60,
  },
  probe: { type: 'probe', of: { count: 2, random: 5 }, number: 3 },
  probed: { type: 'probed', of: { count: 2, random: 5 }, number: 3, end: 12 },
  history: { type: 'history', mark: { slot: 9, from: 0, hash: 2n ** 63n }, asks: true },
  digests: { type: 'digests', slot: 9, tables: [{ table: 'texts', count: 7, sum: 5n }] },
  reach: { type: 'reach', step: 'found', member: 'c' },
  fetch: { type: 'fetch', snapshot: '9-c0ffee', at: 2 },
  chunk: {
    type: 'chunk',
    snapshot: '9-c0ffee',
    slot: 9,
    at: 2,
    bytes: Buffer.from('entries'),
    digest: 'abc',
    isLast: true,
  },
};

/** With and without what may be left out. */
export const others: Record<string, Message> = {
  'heartbeat of a floor that is not known': {
    type: 'heartbeat',
    ballot: ballot('3.b'),
    slotOut: 9,
    ends: {},
  },
  'testimony of nothing': { type: 'testimony', of: { count: 2, random: 5 }, sequence: 0 },
  'learned with a floor': { type: 'learned', from: 7, slotOut: 99, decisions: [], floor: 64 },
};

/** One record of each type that format 1 had, in the order in which `segment-1.log` has them. */
export const records: LogRecord[] = [
  { type: 'ballot', ballot: ballot('1.a') },
  { type: 'leader-ballot', ballot: ballot('2.b') },
  { type: 'accepted', ...pvalue('3.c', 0, 'new', 'er') },
  { type: 'learned', ...pvalue('2.b', 1, 'learned') },
  { type: 'decided-mark', slot: 1 },
];

/** Those of `segment-2.log`. */
const records2: LogRecord[] = [...records, { type: 'floor', slot: 1 }];

/** Those of `segment-3.log`. */
export const records3: LogRecord[] = [...records2, { type: 'flushed', slot: 0 }];
