import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import { InvariantViolation } from '../../../node/src/paxos/invariant.ts';
import { Replica } from '../../../node/src/paxos/replica.ts';
import type { Recovered } from '../../../node/src/paxos/effects.ts';
import {
  COMMAND_FRAMING,
  sentBytes,
  type Slot,
  type Value,
} from '../../../node/src/paxos/pvalue.ts';
import { encodeChange, encodeSystemCommand } from '../../../node/src/paxos/system-command.ts';
import { ballot, configurations, machine, nothing, pvalue, timing, value } from './samples.ts';

/** Values are sound, unless one of their commands says that it is not. */
const isSound = (of: Value): boolean =>
  of.every((command) => !new TextDecoder().decode(command).includes('flipped'));

const judges = { isSound, isAnswered: (): boolean => false };

function replica(recovered: Recovered = nothing, pipeline = 100, batchBytes = 1): Replica {
  const packing = { batchBytes, pipeline, applyBytes: 4096, heldBytes: 1 << 20 };
  return new Replica(configurations, packing, timing, recovered, judges, machine);
}

/** Of a learner, where one voter is all that there is. */
function replicaOfOneVoter(): Replica {
  const one = new Configurations([firstConfiguration(['b'], 4)]);
  return new Replica(
    one,
    { batchBytes: 1, pipeline: 100, applyBytes: 4096, heldBytes: 1 << 20 },
    timing,
    nothing,
    judges,
    machine,
  );
}

function commands(...texts: string[]): Uint8Array[] {
  return [...value(...texts)];
}

test('R5: it proposes only below slot_out + WINDOW', () => {
  const proposing = replica();
  proposing.request(commands('a', 'b', 'c', 'd', 'e', 'f'));
  expect(proposing.propose().map(({ slot }) => slot)).toEqual([0, 1, 2, 3]); // WINDOW is 4.
  expect(proposing.propose()).toEqual([]);
  proposing.decided(pvalue('1.a', 0, 'a'), 'b');
  proposing.perform();
  expect(proposing.propose()).toEqual([{ type: 'propose', slot: 4, value: value('e') }]);
});

test('R3: decisions are applied in slot order, and only without a hole', () => {
  const performing = replica();
  performing.decided(pvalue('1.a', 1, 'second'), 'b');
  expect(performing.perform()).toEqual([]);
  performing.decided(pvalue('1.a', 0, 'first'), 'b');
  expect(performing.perform()).toEqual([
    { type: 'apply', slot: 0, value: value('first') },
    { type: 'apply', slot: 1, value: value('second') },
  ]);
});

test('what is compared is the state behind the whole slot', () => {
  const performing = replica();
  const lists = { base: 0, voters: ['a', 'b'], learners: [] };
  const obeyed = [
    encodeSystemCommand({ type: 'compare' }),
    encodeChange({ ...lists, forced: false }),
    encodeSystemCommand({ type: 'expire', sessions: [{ client: 'ab', touched: 0 }] }),
  ];
  performing.decided({ ballot: ballot('1.a'), slot: 0, value: obeyed }, 'b');
  const effects = performing.perform().map(({ type }) => type);
  expect(effects).toEqual(['apply', 'reconfigured', 'expire', 'compare']);
});

test('R4: slot_out never decreases, whatever comes again', () => {
  const performing = replica();
  performing.decided(pvalue('1.a', 0, 'x'), 'b');
  performing.perform();
  expect(performing.slotOut).toBe(1);
  expect(performing.decided(pvalue('1.a', 0, 'x'), 'b')).toBe(false);
  performing.decidedWithoutValue(ballot('2.b'), 0);
  expect(performing.perform()).toEqual([]);
  expect(performing.slotOut).toBe(1);
});

test('R1: a slot keeps its first decision', () => {
  const performing = replica();
  expect(performing.decided(pvalue('1.a', 0, 'x'), 'b')).toBe(true);
  expect(performing.decided(pvalue('2.b', 0, 'y'), 'b')).toBe(false);
  expect(performing.perform()).toEqual([{ type: 'apply', slot: 0, value: value('x') }]);
});

test('R2: it forgets nothing that is not applied', () => {
  const forgetting = replica();
  forgetting.decided(pvalue('1.a', 0, 'x'), 'b');
  expect(() => forgetting.forget(1)).toThrow(InvariantViolation);
  forgetting.perform();
  forgetting.forget(1);
  expect(forgetting.forgotten).toBe(1);
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

describe('what a message has room for', () => {
  const framed = (...texts: string[]): number =>
    commands(...texts).reduce((sum, { length }) => sum + length + COMMAND_FRAMING, 0);

  test('a slot holds no more than that, with the framing of each command', () => {
    const packing = replica(nothing, 100, 1000);
    packing.room = framed('aaa', 'bbb');
    packing.request(commands('aaa', 'bbb', 'c', 'dddd', 'e'));
    expect(packing.propose().map((proposal) => proposal.value)).toEqual([
      value('aaa', 'bbb'),
      value('c', 'dddd'),
      value('e'),
    ]);
    expect(packing.takeRefused()).toEqual([]);
  });

  test('a command that no message has room for any more enters no slot, and is refused once', () => {
    const packing = replica(nothing, 2, 1000);
    packing.request(commands('large once', 'small', 'larger once', 'tiny', 'largest of all'));
    packing.room = framed('small') + 3;
    expect(packing.propose().map((proposal) => proposal.value)).toEqual([
      value('small'),
      value('tiny'),
    ]);
    packing.decided(pvalue('1.a', 0, 'small'), 'b');
    expect(packing.propose()).toEqual([]);
    packing.decided(pvalue('1.a', 1, 'tiny'), 'b');
    expect(packing.propose()).toEqual([]);
    expect(packing.takeRefused()).toEqual(commands('large once', 'larger once', 'largest of all'));
    expect(packing.takeRefused()).toEqual([]);
    expect([packing.requestBytes, packing.unapplied]).toEqual([0, false]);
  });

  test('decided slots are given in pages that fit, one slot at least', () => {
    const knowing = replica();
    for (const slot of [0, 1, 2, 3]) knowing.decided(pvalue('1.a', slot, 'text'), 'b');
    const slots = (): Slot[] => knowing.known(0, 1000).map(({ slot }) => slot);
    knowing.room = 3 * sentBytes(value('text'));
    expect(slots()).toEqual([0, 1, 2]);
    knowing.room = 1;
    expect(slots()).toEqual([0]);
  });
});

test('it keeps so many slots undecided as its pipeline says', () => {
  const proposing = replica(nothing, 2);
  proposing.request(commands('a', 'b', 'c'));
  expect(proposing.propose()).toHaveLength(2);
  proposing.decided(pvalue('1.a', 1, 'b'), 'b');
  expect(proposing.propose()).toEqual([{ type: 'propose', slot: 2, value: value('c') }]);
});

test('commands that lost their slot to others wait again, and are proposed for a later one', () => {
  const losing = replica();
  losing.request(commands('mine'));
  losing.propose();
  losing.decided(pvalue('1.b', 0, 'theirs'), 'b');
  losing.perform();
  expect(losing.unapplied).toBe(true);
  expect(losing.propose()).toEqual([{ type: 'propose', slot: 1, value: value('mine') }]);
});

test('it proposes nothing for a slot that is known to be decided', () => {
  const proposing = replica();
  proposing.decided(pvalue('1.b', 0, 'theirs'), 'b');
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
  waiting.decided(pvalue('1.a', 0, 'x'), 'b');
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
  waiting.decided(pvalue('3.c', 0, 'x'), 'b');
  waiting.perform();
  expect(waiting.behind(1)).toBe(false);
});

test('it tells what it knows from a slot on, a page at a time', () => {
  const telling = replica();
  for (const slot of [0, 1, 3]) telling.decided(pvalue('1.a', slot, 'four'), 'b');
  expect(telling.known(0, 8).map(({ slot }) => slot)).toEqual([0, 1]);
  expect(telling.known(1, 1).map(({ slot }) => slot)).toEqual([1]);
  expect(telling.known(2, 100).map(({ slot }) => slot)).toEqual([3]);
});

describe('a decided value that is not as it was made', () => {
  const applied = (of: Replica): number[] =>
    of.perform().flatMap((effect) => (effect.type === 'apply' ? [effect.slot] : []));

  test('R3: it is not applied, nor skipped: it is asked for again, and then applied', () => {
    const doubting = replica();
    doubting.decided(pvalue('1.a', 0, 'flipped'));
    doubting.decided(pvalue('1.a', 1, 'next'), 'b');
    expect(applied(doubting)).toEqual([]);
    expect(doubting.valuelessBallot).toEqual(ballot('1.a'));
    expect(doubting.behind(0)).toBe(true);
    expect(doubting.decided(pvalue('1.a', 0, 'flipped'), 'b')).toBe(false);
    expect(doubting.decided(pvalue('1.a', 0, 'sound'), 'c')).toBe(true);
    expect(applied(doubting)).toEqual([0, 1]);
  });

  test('R1: what a majority has in the same bytes is applied by all: it is what was decided', () => {
    const doubting = replica();
    doubting.decided(pvalue('1.a', 0, 'flipped'));
    expect(applied(doubting)).toEqual([]);
    expect(doubting.decided(pvalue('1.a', 0, 'flipped', 'elsewhere'), 'b')).toBe(false);
    expect(doubting.decided(pvalue('1.a', 0, 'flipped'), 'b')).toBe(false);
    expect(doubting.decided(pvalue('1.a', 0, 'flipped'), 'b')).toBe(false);
    expect(applied(doubting)).toEqual([]);
    expect(doubting.decided(pvalue('1.a', 0, 'flipped'), 'c')).toBe(true);
    expect(applied(doubting)).toEqual([0]);
    // The next one is looked at anew.
    expect(doubting.decided(pvalue('1.a', 1, 'flipped'), 'b')).toBe(false);
    expect(applied(doubting)).toEqual([]);
  });

  test('R1: what was changed once on its way is not what a single voter has', () => {
    const doubting = replicaOfOneVoter();
    expect(doubting.decided(pvalue('1.b', 0, 'flipped'), 'b')).toBe(false);
    expect(doubting.decided(pvalue('1.b', 0, 'flipped', 'elsewhere'), 'b')).toBe(false);
    expect(applied(doubting)).toEqual([]);
    expect(doubting.decided(pvalue('1.b', 0, 'sound'), 'b')).toBe(true);
    expect(applied(doubting)).toEqual([0]);
    // What it says again it has.
    expect(doubting.decided(pvalue('1.b', 1, 'flipped'), 'b')).toBe(false);
    expect(doubting.decided(pvalue('1.b', 1, 'flipped'), 'b')).toBe(true);
    expect(applied(doubting)).toEqual([1]);
  });

  test('A5: it is not kept for a later slot, where it would be reported in a p1b', () => {
    const doubting = replica();
    expect(doubting.decided(pvalue('1.a', 3, 'flipped'), 'b')).toBe(false);
    expect(doubting.decided(pvalue('1.a', 3, 'flipped'), 'c')).toBe(false);
    expect(doubting.known(0, 100)).toEqual([]);
    expect(doubting.decidedEnd).toBe(4);
  });
});
