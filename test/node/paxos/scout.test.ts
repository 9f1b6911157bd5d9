import type { P1b } from '../../../node/src/paxos/messages.ts';
import { Scout } from '../../../node/src/paxos/scout.ts';
import { ballot, pvalue, sent, timing } from './samples.ts';

const voters = ['a', 'b', 'c'];
const own = ballot('2.a');

function p1b(page: Partial<P1b>): P1b {
  return { type: 'p1b', ballot: own, from: 5, forgotten: 0, pvalues: [], ...page };
}

function scout(): Scout {
  return new Scout(own, 5, [voters], timing);
}

test("it asks every acceptor from the leader's slot_out on", () => {
  expect(scout().start()).toEqual([
    { type: 'send', to: voters, message: { type: 'p1a', ballot: own, from: 5 } },
  ]);
});

test('a quorum of complete answers is adoption', () => {
  const asking = scout();
  expect(asking.p1b('b', p1b({}))).toEqual([]);
  expect(asking.p1b('c', p1b({}))).toMatchObject({ type: 'adopted', ballot: own });
});

test('an answer that comes twice counts once', () => {
  const asking = scout();
  expect(asking.p1b('b', p1b({}))).toEqual([]);
  expect(asking.p1b('b', p1b({}))).toEqual([]);
});

test('an answer of somebody without a vote does not count', () => {
  const asking = scout();
  asking.p1b('b', p1b({}));
  expect(asking.p1b('stranger', p1b({}))).toEqual([]);
});

test('a higher ballot preempts; a lower one is stale', () => {
  const asking = scout();
  expect(asking.p1b('b', p1b({ ballot: ballot('1.c') }))).toEqual([]);
  expect(asking.p1b('b', p1b({ ballot: ballot('2.b') }))).toEqual({
    type: 'preempted',
    ballot: ballot('2.b'),
  });
});

test('C2: of each slot the pvalue with the highest ballot counts, whoever answers first', () => {
  for (const order of [
    ['b', 'c'],
    ['c', 'b'],
  ] as const) {
    const asking = scout();
    const reported = {
      b: [pvalue('1.b', 5, 'high'), pvalue('0.a', 6, 'low')],
      c: [pvalue('0.c', 5, 'low'), pvalue('1.a', 6, 'high')],
    };
    asking.p1b(order[0], p1b({ pvalues: reported[order[0]] }));
    const adopted = asking.p1b(order[1], p1b({ pvalues: reported[order[1]] }));
    if (!('pvalues' in adopted)) throw new Error('it is not adopted');
    expect(adopted.pvalues.get(5)).toEqual(pvalue('1.b', 5, 'high'));
    expect(adopted.pvalues.get(6)).toEqual(pvalue('1.a', 6, 'high'));
  }
});

test('C2: an acceptor counts only when its pages run without a gap to the end', () => {
  const asking = scout();
  asking.p1b('b', p1b({}));
  const next = asking.p1b('c', p1b({ next: 7, pvalues: [pvalue('1.c', 6, 'x')] }));
  expect(next).toEqual([
    { type: 'send', to: ['c'], message: { type: 'p1a', ballot: own, from: 7 } },
  ]);
  expect(asking.p1b('c', p1b({ from: 9 }))).toEqual([]); // 7 and 8 are missing.
  const adopted = asking.p1b('c', p1b({ from: 7, pvalues: [pvalue('1.c', 8, 'y')] }));
  if (!('pvalues' in adopted)) throw new Error('it is not adopted');
  expect([...adopted.pvalues.keys()]).toEqual([6, 8]);
});

test('what is forgotten is the highest of all pages that counted', () => {
  const asking = scout();
  asking.p1b('b', p1b({ forgotten: 9 }));
  expect(asking.p1b('c', p1b({ forgotten: 4 }))).toMatchObject({ type: 'adopted', forgotten: 9 });
});

test('it asks again those who have not answered, from where their pages ended', () => {
  const asking = scout();
  asking.p1b('a', p1b({}));
  asking.p1b('b', p1b({ next: 7 }));
  const again = Array.from({ length: timing.retransmit }, () => asking.tick(0.5)).flat();
  expect(sent(again, 'p1a')).toEqual([
    { to: ['b'], message: { type: 'p1a', ballot: own, from: 7 } },
    { to: ['c'], message: { type: 'p1a', ballot: own, from: 5 } },
  ]);
});
