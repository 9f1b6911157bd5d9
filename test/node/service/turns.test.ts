import { encodeCommand } from '../../../contract/src/command.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import type { Effect } from '../../../node/src/paxos/effects.ts';
import { ballot } from '../paxos/samples.ts';
import { MemoryCluster } from './memory-cluster.ts';

/* What a driver does in one turn of the loop, and what it does not take at all. */

const LONG = 200;
const tick = { type: 'tick', random: 0.5 } as const;

/** How many steps each turn takes until nothing is left. @param each what every step leads to */
function stepsOfTurns(inputs: number, each: readonly Effect[]): number[] {
  const cluster = new MemoryCluster(1, 1, 0);
  cluster.run(LONG);
  const driver = cluster.driverOf('n0');
  let steps = 0;
  driver.filter = () => {
    steps += 1;
    return { effects: [...each], crash: false };
  };
  for (let i = 0; i < inputs; i++) driver.input(tick);
  const turns: number[] = [];
  for (let turn = 0; turn < 100 && steps < inputs; turn++) {
    const before = steps;
    cluster.step(1);
    if (steps > before) turns.push(steps - before);
  }
  expect(steps).toBe(inputs);
  return turns;
}

test('a turn takes so many inputs, and the next ones the others', () => {
  const turns = stepsOfTurns(2_500, []);
  expect(turns).toEqual([1_024, 1_024, 452]);
});

test.each<[string, (value: Uint8Array[]) => Effect]>([
  [
    'sends',
    (value) => {
      const p2a = { type: 'p2a', ballot: ballot('1.n0'), slot: 9, value, decided: [] } as const;
      return { type: 'send', to: ['n1'], message: p2a };
    },
  ],
  [
    'writes',
    (value) => ({
      type: 'persist',
      record: { type: 'accepted', ballot: ballot('1.n0'), slot: 9, value },
    }),
  ],
  ['applies', (value) => ({ type: 'apply', slot: 0, value })],
])('a turn ends once it %s a quarter of a MiB', (_what, effect) => {
  const turns = stepsOfTurns(10, [effect([new Uint8Array(100_000)])]);
  expect(turns).toEqual([3, 3, 3, 1]);
});

test('who has failed writes nothing more, also when a cut that was under way is on disk', () => {
  const cluster = new MemoryCluster(1, 1, 0);
  cluster.run(LONG);
  cluster.stallDisks((_member, part) => part === 'state');
  cluster.append('n0', 'a text', () => undefined);
  cluster.run(20);
  const driver = cluster.driverOf('n0');
  const { end } = driver.stamp;
  expect(() => driver.fail(new Error('damage'))).toThrow('damage');
  cluster.resumeDisks();
  cluster.step(Infinity);
  expect(driver.stamp.end).toEqual(end);
});

test('messages that wait for their turn are bounded in bytes: what is more is dropped', () => {
  const cluster = new MemoryCluster(3, 1, 0);
  cluster.run(LONG);
  const [from = '', to = ''] = cluster.members.filter((member) => member !== cluster.leader);
  const of = ballot(`1.${from}`);
  const operations = [new Uint8Array(100_000)];
  const value = [encodeCommand({ client: 'ab'.repeat(16), number: 1, lowest: 1, operations })];
  const pvalues = [{ ballot: of, slot: 9, value }];
  const flood = (messages: number): void => {
    for (let i = 0; i < messages; i++) {
      cluster.say(from, to, { type: 'p1b', ballot: of, from: 0, forgotten: 0, pvalues });
    }
    cluster.step(Infinity);
  };
  flood(100);
  expect(cluster.dropped).toEqual([]);
  flood(1_000);
  const dropped = cluster.dropped.length;
  expect(dropped).toBeGreaterThan(100);
  expect(new Set(cluster.dropped)).toEqual(new Set(['too-many']));
  // It is empty again.
  flood(100);
  expect(cluster.dropped).toHaveLength(dropped);
});

describe('a member that does not lead', () => {
  const refused: Outcome = { ok: false, code: 'NOT_LEADING' };

  test('refuses what comes, at once, and holds nothing of it', () => {
    const cluster = new MemoryCluster(3, 1, 0);
    cluster.run(LONG);
    const follower = cluster.members.find((member) => member !== cluster.leader) ?? '';
    const outcomes: Outcome[] = [];
    cluster.append(follower, 'text', (outcome) => outcomes.push(outcome));
    expect(outcomes).toEqual([refused]);
    expect(cluster.driverOf(follower).queueBytes).toBe(0);
  });

  test('has told all that waited when it lost its leadership, and holds nothing of it', () => {
    const cluster = new MemoryCluster(3, 2, 0);
    cluster.run(LONG);
    const leader = cluster.leader ?? '';
    cluster.powerCut(
      cluster.members.filter((member) => member !== leader),
      1,
    );
    const outcomes: Outcome[] = [];
    for (let i = 0; i < 50; i++) {
      cluster.append(leader, `text ${i} ${'x'.repeat(1_000)}`, (outcome) => outcomes.push(outcome));
    }
    const driver = cluster.driverOf(leader);
    cluster.run(1);
    expect(outcomes).toEqual([]);
    expect(driver.queueBytes).toBeGreaterThan(0);
    for (let i = 0; i < LONG && driver.member.leading !== undefined; i++) cluster.run(1);
    expect(driver.member.leading).toBeUndefined();
    expect(outcomes).toEqual(Array.from({ length: 50 }, () => refused));
    expect(driver.queueBytes).toBe(0);
    expect(driver.member.slotIn).toBe(driver.member.slotOut);
  });
});
