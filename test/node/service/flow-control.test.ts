import type { Outcome } from '../../../contract/src/reply.ts';
import { MemoryCluster, UNWRITTEN_BYTES, type Part } from './memory-cluster.ts';

/* Disks that stall under load: what waits for them is bounded, and costs the others nothing. */

const LONG = 200;
/** A turn, slots under way, and what a cut gathers. */
const UNDER_WAY_BYTES = 128 * 1024;
const text = (i: number): string => `${i} ${'x'.repeat(3_000)}`;

let cluster: MemoryCluster;
let outcomes: Outcome[];
let sent: number;
beforeEach(() => {
  outcomes = [];
  sent = 0;
});

/** So many texts, a few each tick, to whoever leads. @param each called after each tick */
function load(texts: number, each = (): void => undefined): void {
  for (let end = sent + texts; sent < end;) {
    const leader = cluster.leader ?? '';
    for (let i = 0; i < 8 && sent < end; i++) {
      cluster.append(leader, text(sent), (outcome) => outcomes.push(outcome));
      sent += 1;
    }
    cluster.run(1);
    each();
  }
}

const codes = (): string[] => outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code));
const count = (code: string): number => codes().filter((each) => each === code).length;
const followers = (): string[] => cluster.members.filter((each) => each !== cluster.leader);
const stalling = (member: string, part: Part) => (each: string, of: Part) =>
  each === member && of === part;

function unwritten(member: string): number {
  return cluster.driverOf(member).unwrittenBytes;
}

test('a single member whose state stalls says that it is overloaded, and keeps no more', () => {
  cluster = new MemoryCluster(1, 1, 0);
  cluster.run(LONG);
  cluster.stallDisks((_member, part) => part === 'state');
  let most = 0;
  load(1_000, () => {
    most = Math.max(most, unwritten('n0'));
  });
  expect(most).toBeGreaterThan(UNWRITTEN_BYTES);
  expect(most).toBeLessThan(UNWRITTEN_BYTES + UNDER_WAY_BYTES);
  expect(count('OVERLOADED')).toBeGreaterThan(500);
  expect(outcomes.find(({ ok }) => !ok)).toMatchObject({ retryAfterMs: 100 });
  // At once: nothing of it waits.
  const before = outcomes.length;
  cluster.append('n0', 'late', (outcome) => outcomes.push(outcome));
  expect(codes().slice(before)).toEqual(['OVERLOADED']);
  cluster.run(LONG);
  expect(count('ok') + count('OVERLOADED')).toBe(outcomes.length);
  expect(cluster.totalOf('n0')).toBe(count('ok'));

  cluster.resumeDisks();
  cluster.run(LONG);
  expect(unwritten('n0')).toBeLessThan(UNDER_WAY_BYTES);
  // What was decided and not applied is answered now: nothing that was taken is forgotten.
  expect(outcomes).toHaveLength(sent + 1);
  expect(cluster.totalOf('n0')).toBe(count('ok'));
  load(16);
  cluster.run(LONG);
  expect(codes().slice(-16)).toEqual(Array.from({ length: 16 }, () => 'ok'));
});

test.each<Part>(['log', 'state'])(
  'a follower whose %s stalls holds up nobody, keeps no more than the bound, and learns the rest later',
  (part) => {
    cluster = new MemoryCluster(3, 3, 0, 1 << 24);
    cluster.run(LONG);
    const [follower = ''] = followers();
    cluster.stallDisks(stalling(follower, part));
    let most = 0;
    let held = 0;
    load(1_000, () => {
      most = Math.max(most, unwritten(follower));
      held = Math.max(held, cluster.driverOf(follower).member.heldBytes);
    });
    cluster.run(LONG);
    expect(count('ok')).toBe(1_000);
    expect(most).toBeLessThan(UNWRITTEN_BYTES + UNDER_WAY_BYTES);
    expect(held).toBeLessThan(2 * UNWRITTEN_BYTES);
    for (const other of cluster.members.filter((each) => each !== follower)) {
      expect(unwritten(other)).toBeLessThan(UNDER_WAY_BYTES);
    }
    cluster.resumeDisks();
    for (let i = 0; i < 50 && cluster.totalOf(follower) < 1_000; i++) cluster.run(20);
    expect(cluster.totalOf(follower)).toBe(1_000);
  },
);

test('a member that lost its state applies its log as its disk writes the state, and no faster', () => {
  cluster = new MemoryCluster(3, 7, 0, 1 << 24);
  cluster.run(LONG);
  load(1_000);
  cluster.run(LONG);
  expect(count('ok')).toBe(1_000);
  const [member = ''] = followers();
  cluster.powerCut([member], 1);
  cluster.stallDisks(stalling(member, 'state'));
  cluster.start(member, true);
  let most = 0;
  for (let i = 0; i < LONG; i++) {
    cluster.run(1);
    most = Math.max(most, unwritten(member));
  }
  // Nothing but its own log has brought it there: its disk takes nothing.
  expect(most).toBeGreaterThan(UNWRITTEN_BYTES);
  expect(most).toBeLessThan(UNWRITTEN_BYTES + UNDER_WAY_BYTES);
  expect(cluster.totalOf(member)).toBeLessThan(500);
  // The others go on, and it does with each cut that is written, though nothing else happens.
  load(16);
  cluster.run(LONG);
  expect(count('ok')).toBe(1_016);
  cluster.resumeDisks();
  for (let i = 0; i < 50 && cluster.totalOf(member) < 1_016; i++) {
    cluster.run(20);
    expect(unwritten(member)).toBeLessThan(UNWRITTEN_BYTES + UNDER_WAY_BYTES);
  }
  expect(cluster.totalOf(member)).toBe(1_016);
});

test('a leader whose state stalls hands over to a member that has more on disk', () => {
  cluster = new MemoryCluster(3, 4, 0);
  cluster.run(LONG);
  const first = cluster.leader ?? '';
  cluster.stallDisks(stalling(first, 'state'));
  load(2_000);
  cluster.run(LONG);
  expect(cluster.leader).not.toBe(first);
  const before = count('ok');
  load(200);
  cluster.run(LONG);
  expect(count('ok')).toBe(before + 200);
  expect(unwritten(first)).toBeLessThan(UNWRITTEN_BYTES + UNDER_WAY_BYTES);
});

test('when the states of all stall, whoever leads goes on to lead', () => {
  cluster = new MemoryCluster(3, 5, 0);
  cluster.run(LONG);
  cluster.stallDisks((_member, part) => part === 'state');
  load(600);
  let changes = 0;
  for (let i = 0, before = cluster.leader; i < 10 * LONG; i++, before = cluster.leader) {
    cluster.run(1);
    if (cluster.leader !== before) changes += 1;
  }
  expect(changes).toBeLessThanOrEqual(2);
  expect(count('OVERLOADED')).toBeGreaterThan(0);
  cluster.resumeDisks();
  cluster.run(LONG);
  const before = count('ok');
  load(16);
  cluster.run(LONG);
  expect(count('ok')).toBe(before + 16);
});

describe('a leader whose quorum is slow', () => {
  /** The log of nobody goes on. */
  function stalled(): string {
    cluster = new MemoryCluster(3, 6, 0);
    cluster.run(LONG);
    cluster.stallDisks((_member, part) => part === 'log');
    return cluster.leader ?? '';
  }

  test('refuses at once what would wait longer than a second behind what waits already', () => {
    const leader = stalled();
    const ask = (): void => {
      cluster.append(leader, text(0), (outcome) => outcomes.push(outcome));
    };
    for (let i = 0; i < 20; i++) ask();
    cluster.run(90);
    ask();
    expect(outcomes).toEqual([]);
    cluster.run(20);
    ask();
    expect(codes()).toEqual(['OVERLOADED']);
    // Another client has nothing that waits.
    cluster.append(leader, 'other', (outcome) => outcomes.push(outcome), 'cd'.repeat(16));
    expect(outcomes).toHaveLength(1);
  });

  test('refuses what is too much to the client that has most', () => {
    const leader = stalled();
    const answered: [string, Outcome][] = [];
    const ask = (name: string, client: string, of: string): void => {
      cluster.append(leader, of, (outcome) => answered.push([name, outcome]), client);
    };
    for (let i = 0; i < 400; i++) ask('flood', 'ff'.repeat(16), text(i));
    const refused = answered.length;
    expect(refused).toBeGreaterThan(0);
    const driver = cluster.driverOf(leader);
    for (let i = 0; i < 50; i++) ask('small', 'aa'.repeat(16), `small ${i}`);
    expect(driver.queueBytes).toBeLessThanOrEqual(1 << 20);
    expect(answered.length).toBeGreaterThan(refused);
    expect(answered.every(([name, { ok }]) => name === 'flood' && !ok)).toBe(true);
  });

  test('refuses for good what could never wait', () => {
    const leader = stalled();
    cluster.queueBytes = 1_000;
    cluster.append(leader, 'x'.repeat(1_000), (outcome) => outcomes.push(outcome));
    expect(codes()).toEqual(['TOO_LARGE']);
    expect(outcomes[0]).toMatchObject({ sizes: { most: 1_000 - 128 } });
    cluster.append(leader, 'x'.repeat(500), (outcome) => outcomes.push(outcome));
    expect(outcomes).toHaveLength(1);
  });

  test('a retry of what waits takes no room', () => {
    const leader = stalled();
    const driver = cluster.driverOf(leader);
    cluster.again(leader, 7, (outcome) => outcomes.push(outcome));
    const before = driver.queueBytes;
    for (let i = 0; i < 100; i++) cluster.again(leader, 7, (outcome) => outcomes.push(outcome));
    expect(driver.queueBytes).toBe(before);
    cluster.resumeDisks();
    cluster.run(LONG);
    expect(codes()).toEqual(['ok']);
    expect(cluster.totalOf(leader)).toBe(1);
  });
});

test('answers that wait for a stalled disk are bounded, however often they are asked for', () => {
  cluster = new MemoryCluster(3, 5, 0, 1 << 24);
  cluster.run(LONG);
  load(64);
  cluster.run(LONG);
  const [asking = '', asked = ''] = followers();
  cluster.stallDisks(stalling(asked, 'log'));
  load(8);
  cluster.run(1);
  const ballot = { round: 0, leader: asking };
  const crowded = (): number => cluster.dropped.filter((why) => why === 'too-many').length;
  const ask = (times: number): void => {
    for (let i = 0; i < times; i++) {
      cluster.say(asking, asked, { type: 'p1a', ballot, from: 0 });
      if (i % 100 === 0) cluster.run(1);
    }
    cluster.run(1);
  };
  ask(2_000); // Pages of 4 KiB.
  expect(crowded()).toBe(0);
  ask(8_000);
  expect(crowded()).toBeGreaterThan(5_000);

  cluster.resumeDisks();
  load(16);
  cluster.run(LONG);
  expect(codes().slice(-16)).toEqual(Array.from({ length: 16 }, () => 'ok'));
  expect(cluster.totalOf(asked)).toBe(count('ok'));
});
