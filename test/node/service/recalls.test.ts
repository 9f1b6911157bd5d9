import type { Effect } from '../../../node/src/paxos/effects.ts';
import type { Input } from '../../../node/src/paxos/input.ts';
import { Recalls } from '../../../node/src/service/recalls.ts';

/* Members are called m and a number; others are strangers. */

const FIRST = 5;

/** Recalls over a log whose reads end when a test says so. */
function recalling() {
  const reads: (() => void)[] = [];
  const answered: Input[] = [];
  const recalls = new Recalls({
    log: {
      first: FIRST,
      read: (_from, _to, _bytes, done) => void reads.push(() => done(undefined, [])),
    },
    isMember: (asker) => asker.startsWith('m'),
    bytes: () => 1,
    recalled: (input) => void answered.push(input),
    failed: (error) => {
      throw error;
    },
  });
  const ask = (asker: string, from = FIRST): void => {
    const effect: Effect & { type: 'recall' } = { type: 'recall', from, to: 9, asker };
    recalls.begin(effect);
  };
  return { recalls, ask, reads, answered };
}

test.each([
  ['members', 'm', 8],
  ['strangers', 'x', 2],
])('of thousands of %s a few have the log read for them at a time', (_who, name, most) => {
  const { recalls, ask, reads, answered } = recalling();
  const flood = (): void => {
    for (let i = 0; i < 3_000; i++) ask(`${name}${i}`);
  };
  flood();
  expect(reads).toHaveLength(most);
  // What was read waits for its turn: nothing more is read for that.
  for (const end of reads) end();
  expect(answered).toHaveLength(most);
  flood();
  expect(reads).toHaveLength(most);
  for (let i = 0; i < most; i++) recalls.stepped(`${name}${i}`);
  flood();
  expect(reads).toHaveLength(2 * most);
});

test('strangers do not keep members from being answered', () => {
  const { ask, reads } = recalling();
  for (const asker of ['x1', 'x2', 'x3']) ask(asker);
  expect(reads).toHaveLength(2);
  for (let i = 0; i < 10; i++) ask(`m${i}`);
  expect(reads).toHaveLength(8);
});

test('one that asks for what is not in the log any more is answered at once, and once', () => {
  const { recalls, ask, reads, answered } = recalling();
  for (let i = 0; i < 3; i++) ask('m1', FIRST - 1);
  const gone = { type: 'recalled', asker: 'm1', from: FIRST - 1, stored: [], first: FIRST };
  expect(answered).toEqual([gone]);
  recalls.stepped('m1');
  ask('m1', FIRST - 1);
  expect([answered, reads]).toEqual([[gone, gone], []]);
});
