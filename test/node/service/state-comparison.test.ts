import type { TableDigest } from '../../../node/src/paxos/messages.ts';
import { StateComparison, type Difference } from '../../../node/src/service/state-comparison.ts';

const voters = ['a', 'b', 'c'];

function tables(count: number): TableDigest[] {
  return [
    { table: 'sessions', count: 1, sum: 7n },
    { table: 't', count, sum: 9n },
  ];
}

/** What member a is told to do. */
class Verdicts {
  minority: Difference | undefined;
  split: Difference | undefined;
  readonly comparison = new StateComparison('a', () => voters, {
    minority: (difference) => (this.minority = difference),
    split: (difference) => (this.split = difference),
  });

  /** How many entries table t has at each of them, after a slot. */
  heard(slot: number, counts: Readonly<Record<string, number>>): void {
    for (const [member, count] of Object.entries(counts)) {
      this.comparison.heard(member, slot, tables(count));
    }
  }
}

test('members with the same state go on', () => {
  const told = new Verdicts();
  told.heard(5, { a: 3, b: 3, c: 3 });
  expect([told.minority, told.split]).toEqual([undefined, undefined]);
  expect(told.comparison.differing.size).toBe(0);
});

test('a member whose state is not that of a majority is told so, with slot and table', () => {
  const told = new Verdicts();
  told.heard(5, { a: 4, b: 3 });
  expect(told.minority).toBeUndefined(); // It is not known yet who is right.
  told.heard(5, { c: 3 });
  expect(told.minority).toEqual({ slot: 5, table: 't' });
  expect(told.split).toBeUndefined();
});

test('another member that differs is named, and this one goes on', () => {
  const told = new Verdicts();
  told.heard(5, { a: 3, b: 4, c: 3 });
  expect([told.minority, told.split]).toEqual([undefined, undefined]);
  expect([...told.comparison.differing]).toEqual([['b', { slot: 5, table: 't' }]]);
  told.heard(9, { a: 6, b: 6, c: 6 });
  expect(told.comparison.differing.size).toBe(0);
});

test('without a majority for any state, nobody goes on', () => {
  const told = new Verdicts();
  told.heard(5, { a: 3, b: 4 });
  expect(told.split).toBeUndefined(); // c may decide it.
  told.heard(5, { c: 5 });
  expect(told.split).toEqual({ slot: 5, table: 't' });
});

test('states of strangers count for nothing; of old slots few are kept', () => {
  const told = new Verdicts();
  told.heard(5, { a: 3, x: 4, y: 4, b: 3, c: 3 });
  expect([told.minority, told.split]).toEqual([undefined, undefined]);
  for (let slot = 10; slot < 20; slot++) told.heard(slot, { a: 1 });
  told.heard(10, { b: 2, c: 2 }); // Too late: nobody remembers.
  expect(told.minority).toBeUndefined();
  told.heard(19, { b: 2, c: 2 });
  expect(told.minority).toEqual({ slot: 19, table: 't' });
});
