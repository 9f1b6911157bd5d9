import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import { Progress } from '../../../node/src/service/progress.ts';
import { ALARM_TICKS, MemoryCluster } from './memory-cluster.ts';

/* Members and their drivers over a network and disks in memory: what they say of themselves. */

const LONG = 200;
/** An alarm's time, and that in which a leader is missed before it. */
const MISSED = ALARM_TICKS + 60;

function led(size: number, seed: number): { cluster: MemoryCluster; leader: string } {
  const cluster = new MemoryCluster(size, seed, 0.05);
  cluster.run(LONG);
  const { leader = '' } = cluster;
  expect(leader).not.toBe('');
  return { cluster, leader };
}

const none = (): void => undefined;

test('slots that are applied one after another are progress, though more always wait', () => {
  const configurations = new Configurations([firstConfiguration(['a', 'b', 'c'], 8)]);
  const progress = new Progress('a', 3);
  const tick = (slotOut: number): void => {
    progress.tick({ configurations, slotOut, missesLeader: false, awaitsDecision: true });
  };
  for (const slotOut of [0, 0, 0, 1, 1, 1, 2, 2, 2]) {
    tick(slotOut);
    expect(progress.alarms).toEqual([]);
  }
  tick(2);
  expect(progress.alarms.map(({ code }) => code)).toEqual(['undecided']);
  tick(3);
  expect(progress.alarms).toEqual([]);
});

test('whom no configuration names is not remembered, nor whom none names any more', () => {
  const progress = new Progress('a', 3);
  const tick = (members: readonly string[]): void => {
    const configurations = new Configurations([firstConfiguration(members, 8)]);
    progress.tick({ configurations, slotOut: 0, missesLeader: true, awaitsDecision: false });
  };
  tick(['a', 'b', 'c']);
  tick(['a', 'b', 'c']);
  progress.heard('x');
  tick(['a', 'c', 'x']);
  expect(progress.outage?.code).toBe('no-quorum');
  progress.heard('x');
  expect(progress.outage?.code).toBe('no-leader');
  tick(['a', 'b', 'c']); // It is removed, and comes back.
  tick(['a', 'c', 'x']);
  expect(progress.outage?.code).toBe('no-quorum');
});

test.each([1, 2, 3])(
  'a cluster that is well has no alarm, under load or idle (seed %d)',
  (seed) => {
    const { cluster, leader } = led(3, seed);
    for (let tick = 0; tick < 2 * LONG; tick += 1) {
      cluster.append(leader, `text ${tick}`, none);
      cluster.run(1);
      for (const member of cluster.members) expect(cluster.alarmsOf(member)).toEqual([]);
    }
    cluster.run(2 * LONG);
    for (const member of cluster.members) expect(cluster.alarmsOf(member)).toEqual([]);
  },
);

test.each([1, 2, 3])('a quorum that is lost is an alarm until it is back (seed %d)', (seed) => {
  const { cluster, leader } = led(3, seed);
  const others = cluster.members.filter((member) => member !== leader);
  const [first = '', second = ''] = others;
  cluster.powerCut([first], 1);
  cluster.run(2 * MISSED);
  expect(cluster.alarmsOf(leader)).toEqual([]);
  cluster.powerCut([second], 1);
  cluster.run(ALARM_TICKS / 2);
  expect(cluster.alarmsOf(leader)).toEqual([]);
  expect(cluster.outageOf(leader)).toBeUndefined();
  cluster.run(MISSED);
  expect(cluster.alarmsOf(leader)).toEqual(['no-quorum']);
  const outage = cluster.outageOf(leader) ?? '';
  expect(outage).toContain('only 1 of 3 voters, itself included, and 2 are needed');
  expect(outage).toContain(`${others.join(', ')}.`);
  cluster.start(second);
  cluster.run(LONG);
  expect(cluster.leader).toBeDefined();
  expect(cluster.alarmsOf(leader)).toEqual([]);
  expect(cluster.outageOf(leader)).toBeUndefined();
});

test('with a quorum that is heard and none that leads, there is no leader, and not no quorum', () => {
  const { cluster, leader } = led(3, 7);
  cluster.powerCut([leader], 1);
  cluster.stallDisks(); // Who may not write its ballot begins nothing, and answers whoever asks.
  cluster.run(2 * MISSED);
  const others = cluster.members.filter((member) => member !== leader);
  for (const member of others) expect(cluster.alarmsOf(member)).toContain('no-leader');
  for (const member of others) expect(cluster.alarmsOf(member)).not.toContain('no-quorum');
  cluster.resumeDisks();
  cluster.run(LONG);
  for (const member of others) expect(cluster.alarmsOf(member)).not.toContain('no-leader');
});

test('a slot that is proposed and not decided is an alarm, though all heartbeats come', () => {
  const { cluster, leader } = led(3, 4);
  cluster.losing('p2a');
  cluster.run(2 * MISSED);
  expect(cluster.alarmsOf(leader)).toEqual([]); // Nothing is proposed.
  cluster.append(leader, 'a text', none);
  cluster.run(ALARM_TICKS / 2);
  expect(cluster.alarmsOf(leader)).toEqual([]);
  cluster.run(ALARM_TICKS);
  expect(cluster.leader).toBe(leader);
  expect(cluster.alarmsOf(leader)).toEqual(['undecided']);
  cluster.losing(undefined);
  cluster.run(LONG);
  expect(cluster.alarmsOf(leader)).toEqual([]);
});

test('a leader that takes over what cannot be decided says so, though it proposed nothing', () => {
  const { cluster, leader } = led(3, 5);
  cluster.losing('p2b');
  cluster.append(leader, 'a text', none);
  cluster.run(ALARM_TICKS / 2);
  cluster.powerCut([leader], 1);
  cluster.run(LONG);
  const next = cluster.leader ?? '';
  expect(next).not.toBe('');
  cluster.run(MISSED);
  expect(cluster.alarmsOf(next)).toEqual(['undecided']);
});

test('a write that takes long is an alarm, and for a while after it, too', () => {
  const { cluster, leader } = led(3, 6);
  cluster.stallDisks();
  cluster.append(leader, 'a text', none);
  cluster.run(LONG);
  for (const member of cluster.members) expect(cluster.alarmsOf(member)).toContain('disk-slow');
  cluster.resumeDisks();
  cluster.run(LONG);
  for (const member of cluster.members) expect(cluster.alarmsOf(member)).toEqual(['disk-slow']);
  cluster.run(2 * LONG);
  for (const member of cluster.members) expect(cluster.alarmsOf(member)).toEqual([]);
});
