import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import { Pace } from '../../../node/src/paxos/pace.ts';
import { MOST_RIDING, Proposals } from '../../../node/src/paxos/proposals.ts';
import type { Slot } from '../../../node/src/paxos/pvalue.ts';
import { ballot, pvalue, sent, timing, value } from './samples.ts';

const at = ballot('1.a');

test('no more decisions ride on a p2a than a message has room for; the others go with the next', () => {
  const configurations = new Configurations([firstConfiguration(['a', 'b', 'c'], 1024)]);
  const pace = new Pace(timing.phaseOneLongest);
  const of = { self: 'a', ballot: at, mode: 'stable', pace } as const;
  const proposals = new Proposals(of, 0, configurations, timing);
  const count = MOST_RIDING + 10;
  for (let slot = 0; slot < count; slot++) {
    proposals.select(slot, value());
    for (const from of ['a', 'b']) proposals.p2b(from, { type: 'p2b', ballot: at, slot });
  }
  proposals.announceDecided();
  const slots = Array.from({ length: count }, (_, i) => count + i);
  for (const slot of slots) proposals.select(slot, value());
  for (const slot of slots) {
    for (const from of ['a', 'b']) proposals.p2b(from, { type: 'p2b', ballot: at, slot });
  }
  const riding = (slot: Slot): number | undefined =>
    sent(proposals.select(slot, value()), 'p2a')[0]?.message.decided.length;
  expect([riding(2 * count), riding(2 * count + 1), riding(2 * count + 2)]).toEqual([
    MOST_RIDING,
    10,
    0,
  ]);
});

test.each([
  ['stable', [7, 4, 4, 4]],
  ['on-demand', [4, 4, 4, 4]],
] as const)(
  'of what nobody answers, a %s leader sends only the first slot often',
  (mode, sends) => {
    const configurations = new Configurations([firstConfiguration(['a', 'b', 'c'], 1024)]);
    const pace = new Pace(timing.phaseOneLongest);
    const proposals = new Proposals(
      { self: 'a', ballot: at, mode, pace },
      0,
      configurations,
      timing,
    );
    for (const slot of [0, 1, 2, 3]) proposals.select(slot, value());
    const again = [0, 0, 0, 0];
    const pass = (ticks: number): void => {
      for (let i = 0; i < ticks; i++) {
        for (const { message } of sent(proposals.tick(0.5), 'p2a')) again[message.slot]! += 1;
      }
    };
    pass(40);
    expect(again).toEqual(sends);
    // Slot 1 is the first, once what was before it is applied.
    proposals.advance(1);
    pass(40);
    expect(again[1]! > again[2]!).toBe(mode === 'stable');
  },
);

test('what phase 1 reported from a new configuration on is void, and nothing waits for it', () => {
  const first = firstConfiguration(['a', 'b', 'c'], 2);
  const configurations = new Configurations([first]);
  const pace = new Pace(timing.phaseOneLongest);
  const of = { self: 'a', ballot: at, mode: 'stable', pace } as const;
  const proposals = new Proposals(of, 0, configurations, timing);
  const pvalues = new Map([0, 1, 2, 3].map((slot) => [slot, pvalue('0.b', slot)]));
  proposals.adopt({ type: 'adopted', ballot: at, forgotten: 0, from: 0, pvalues });
  expect(proposals.inherited).toBe(4);
  const next = { ...first, number: 1, from: 2, voters: ['a', 'b', 'd'] };
  proposals.reconfigured(new Configurations([first, next]), 2);
  expect(proposals.inherited).toBe(2);
  expect([1, 2].map((slot) => proposals.has(slot))).toEqual([true, false]);
  // Phase 1 there says what others may have decided.
  const reported = new Map([[2, pvalue('0.b', 2)]]);
  proposals.adopt({ type: 'adopted', ballot: at, forgotten: 0, from: 2, pvalues: reported });
  expect(proposals.inherited).toBe(3);
});
