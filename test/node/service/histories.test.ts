import type { HistoryAt } from '../../../node/src/paxos/messages.ts';
import { Histories } from '../../../node/src/service/histories.ts';

const voters = ['a', 'b', 'c'];

/** Member a, which has applied the slots below 10; its hash at a slot is the slot. */
function member(): { histories: Histories; said: [string | undefined, HistoryAt][] } {
  const said: [string | undefined, HistoryAt][] = [];
  const histories = new Histories({
    self: 'a',
    own: () => ({ slot: 10, from: 0, hash: 10n }),
    at: (slot) => (slot <= 10 ? BigInt(slot) : undefined),
    voters: () => voters,
    say: (to, message) => said.push([to, message]),
  });
  return { histories, said };
}

const mark = (slot: number, hash: bigint) => ({ slot, from: 0, hash });

test('histories that are the same so far agree', () => {
  const { histories } = member();
  histories.heard('b', mark(4, 4n));
  histories.heard('c', mark(12, 99n)); // Of a slot that is not applied here yet.
  expect(histories.verdict).toBe('agreed');
  expect(histories.differing.size).toBe(0);
});

test('one that differs is a dispute, until a majority is known to have one of the two', () => {
  const { histories, said } = member();
  histories.heard('b', mark(4, 44n));
  expect([...histories.differing]).toEqual([['b', 4]]);
  expect(histories.verdict).toBe('disputed');
  // It is told at once: this member may be refuted, and silent, before anybody asks.
  const own = { type: 'history', mark: mark(4, 4n), asks: false };
  expect(said).toEqual([['b', own]]);
  histories.tick();
  expect(said).toEqual([
    ['b', own],
    [undefined, { ...own, asks: true }],
  ]);
  histories.heard('c', mark(4, 4n));
  expect(histories.verdict).toBe('agreed');
  expect([...histories.differing]).toEqual([['b', 4]]); // It is named all the same.
});

test('who has another history than a majority is refuted', () => {
  const { histories } = member();
  histories.heard('b', mark(4, 44n));
  histories.heard('c', mark(4, 44n));
  expect(histories.verdict).toBe('refuted');
});

test('strangers dispute nothing', () => {
  const { histories } = member();
  histories.heard('x', mark(4, 44n));
  histories.heard('y', mark(4, 44n));
  expect(histories.verdict).toBe('agreed');
});

test('a question is answered with the own hash at that slot', () => {
  const { histories, said } = member();
  histories.told('b', { type: 'history', mark: mark(4, 4n), asks: true });
  expect(said).toEqual([['b', { type: 'history', mark: mark(4, 4n), asks: false }]]);
  histories.told('b', { type: 'history', mark: mark(6, 6n), asks: false });
  expect(said).toHaveLength(1);
});
