import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import { Pace } from '../../../node/src/paxos/pace.ts';
import { MOST_RIDING, Proposals } from '../../../node/src/paxos/proposals.ts';
import type { Slot } from '../../../node/src/paxos/pvalue.ts';
import { ballot, sent, timing, value } from './samples.ts';

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
