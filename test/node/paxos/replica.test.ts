import { InvariantViolation } from '../../../node/src/paxos/invariant.ts';
import { Replica } from '../../../node/src/paxos/replica.ts';
import type { Recovered } from '../../../node/src/paxos/effects.ts';
import { ballot, configurations, nothing, pvalue, timing, value } from './samples.ts';

function replica(recovered: Recovered = nothing, pipeline = 100, batchBytes = 1): Replica {
  return new Replica(configurations, { batchBytes, pipeline }, timing, recovered);
}

function commands(...texts: string[]): Uint8Array[] {
  return [...value(...texts)];
}

test('R5: it proposes only below slot_out + WINDOW', () => {
  const proposing = replica();
  proposing.request(commands('a', 'b', 'c', 'd', 'e', 'f'));
  expect(proposing.propose().map(({ slot }) => slot)).toEqual([0, 1, 2, 3]); // WINDOW is 4.
  expect(proposing.propose()).toEqual([]);
  proposing.decided(pvalue('1.a', 0, 'a'));
  proposing.perform();
  expect(proposing.propose()).toEqual([{ type: 'propose', slot: 4, value: value('e') }]);
});

test('R3: decisions are applied in slot order, and only without a hole', () => {
  const performing = replica();
  performing.decided(pvalue('1.a', 1, 'second'));
  expect(performing.perform()).toEqual([]);
  performing.decided(pvalue('1.a', 0, 'first'));
  expect(performing.perform()).toEqual([
    { type: 'apply', slot: 0, value: value('first') },
    { type: 'apply', slot: 1, value: value('second') },
  ]);
});

test('R4: slot_out never decreases, whatever comes again', () => {
  const performing = replica();
  performing.decided(pvalue('1.a', 0, 'x'));
  performing.perform();
  expect(performing.slotOut).toBe(1);
  expect(performing.decided(pvalue('1.a', 0, 'x'))).toBe(false);
  performing.decidedWithoutValue(ballot('2.b'), 0);
  expect(performing.perform()).toEqual([]);
  expect(performing.slotOut).toBe(1);
});

test('R1: a slot keeps its first decision', () => {
  const performing = replica();
  expect(performing.decided(pvalue('1.a', 0, 'x'))).toBe(true);
  expect(performing.decided(pvalue('2.b', 0, 'y'))).toBe(false);
  expect(performing.perform()).toEqual([{ type: 'apply', slot: 0, value: value('x') }]);
});

test('R2: it forgets nothing that is not applied', () => {
  const forgetting = replica();
  forgetting.decided(pvalue('1.a', 0, 'x'));
  expect(() => forgetting.forget(1)).toThrow(InvariantViolation);
  forgetting.perform();
  forgetting.forget(1);
  expect(forgetting.floor).toBe(1);
  expect(forgetting.known(0, 1000)).toEqual([]);
});

test('a slot holds as many commands as fit its bytes, and one at least', () => {
  const packing = replica(nothing, 100, 4);
  packing.request(commands('aa', 'bb', 'c', 'too long for a slot', 'd'));
  expect(packing.propose().map((proposal) => proposal.value)).toEqual([
    value('aa', 'bb'),
    value('c'),
    value('too long for a slot'),
    value('d'),
  ]);
  expect(packing.requestBytes).toBe(0);
});

test('it keeps so many slots undecided as its pipeline says', () => {
  const proposing = replica(nothing, 2);
  proposing.request(commands('a', 'b', 'c'));
  expect(proposing.propose()).toHaveLength(2);
  proposing.decided(pvalue('1.a', 1, 'b'));
  expect(proposing.propose()).toEqual([{ type: 'propose', slot: 2, value: value('c') }]);
});

test('commands that lost their slot to others wait again, and are proposed for a later one', () => {
  const losing = replica();
  losing.request(commands('mine'));
  losing.propose();
  losing.decided(pvalue('1.b', 0, 'theirs'));
  losing.perform();
  expect(losing.unapplied).toBe(true);
  expect(losing.propose()).toEqual([{ type: 'propose', slot: 1, value: value('mine') }]);
});

test('it proposes nothing for a slot that is known to be decided', () => {
  const proposing = replica();
  proposing.decided(pvalue('1.b', 0, 'theirs'));
  proposing.decidedWithoutValue(ballot('1.b'), 1);
  proposing.request(commands('mine'));
  expect(proposing.propose()).toEqual([{ type: 'propose', slot: 2, value: value('mine') }]);
});

test('undecided proposals are sent again until they are decided', () => {
  const waiting = replica();
  waiting.request(commands('x'));
  waiting.propose();
  const again = Array.from({ length: timing.retransmit }, () => waiting.tick(0.5)).flat();
  expect(again).toEqual([{ type: 'propose', slot: 0, value: value('x') }]);
  waiting.decided(pvalue('1.a', 0, 'x'));
  expect(Array.from({ length: 50 }, () => waiting.tick(0.5)).flat()).toEqual([]);
});

test('R3: what the log holds is applied after a restart below the decided mark, or if learned', () => {
  const stored = [
    { ...pvalue('1.a', 2, 'marked'), learned: false },
    { ...pvalue('1.a', 3, 'learned'), learned: true },
    { ...pvalue('1.a', 4, 'only accepted'), learned: false },
  ];
  const restarted = replica({ decidedMark: 3, floor: 0, slotOut: 2, stored });
  expect(restarted.perform()).toEqual([
    { type: 'apply', slot: 2, value: value('marked') },
    { type: 'apply', slot: 3, value: value('learned') },
  ]);
  expect(restarted.slotOut).toBe(4);
});

test('it is behind while a decision is known that cannot be applied', () => {
  const waiting = replica();
  expect(waiting.behind(0)).toBe(false);
  expect(waiting.behind(1)).toBe(true);
  waiting.decidedWithoutValue(ballot('3.c'), 0);
  expect(waiting.behind(0)).toBe(true);
  expect(waiting.valuelessBallot).toEqual(ballot('3.c'));
  waiting.decided(pvalue('3.c', 0, 'x'));
  waiting.perform();
  expect(waiting.behind(1)).toBe(false);
});

test('it tells what it knows from a slot on, a page at a time', () => {
  const telling = replica();
  for (const slot of [0, 1, 3]) telling.decided(pvalue('1.a', slot, 'four'));
  expect(telling.known(0, 8).map(({ slot }) => slot)).toEqual([0, 1]);
  expect(telling.known(1, 1).map(({ slot }) => slot)).toEqual([1]);
  expect(telling.known(2, 100).map(({ slot }) => slot)).toEqual([3]);
});
