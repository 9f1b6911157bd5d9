import { restartSilent } from '../../../operator/src/reconcile/silent-members.ts';
import { restartTwin } from '../../../operator/src/reconcile/twins.ts';
import { memberRows } from '../../../operator/src/status/members.ts';
import { standingOf } from '../../../operator/src/observation/standing.ts';
import { degraded } from '../../../operator/src/status/degraded.ts';
import { nothing } from '../../../operator/src/verdict/outcome.ts';
import { observed } from './model/observed.ts';
import { condition, idAt, ROUNDS, running, silence } from './model/running-cluster.ts';
import type { World } from './model/world.ts';

/*
 * Members that gave up their roles because they, or what they have, are not to be trusted.
 */

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

test('one that differs from the others is replaced, and keeps what it has', async () => {
  world = await running(3);
  const old = idAt(world, 1);
  world.halt(1, 'dissent');
  await world.rounds(1);
  const message = world.cluster.status?.conditions?.find(({ type }) => type === 'Degraded');
  expect(message).toMatchObject({ status: 'True', reason: 'MemberLost' });
  expect(message?.message).toContain('c-1: It halted because of a dissent.');
  expect(world.cluster.status?.members?.[1]).toMatchObject({
    role: 'halted',
    reason: 'It halted because of a dissent.',
  });
  await world.rounds(ROUNDS);
  const fresh = idAt(world, 1);
  const joins = [`form ${fresh}`, `add ${fresh}`, `promote ${fresh}`];
  expect(world.deeds).toEqual([`remove ${old}`, `set aside ${old}`, ...joins]);
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('where a majority halted, nothing is touched', async () => {
  world = await running(3);
  world.halt(1, 'dissent');
  world.halt(2, 'dissent');
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'QuorumLost')).toBe('True TooFewVoters');
});

test('one that had a twin is restarted, and keeps its vote', async () => {
  world = await running(3);
  world.halt(1, 'twin');
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual(['delete Pod c-1']);
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test.each([
  [3, 1],
  [1, 3],
])('of two with one id, on c-%d and on its copy c-%d, only the copy goes', async (own, other) => {
  world = await running(5);
  const [member, lost] = [idAt(world, own), idAt(world, other)];
  world.copy(own, other);
  await world.rounds(1);
  expect(condition(world, 'Degraded')).toBe('True MemberLost');
  await world.rounds(ROUNDS);
  const fresh = idAt(world, other);
  expect(world.deeds.filter((deed) => !deed.includes(fresh))).toEqual([
    `remove ${lost}`,
    `delete PersistentVolumeClaim data-c-${other}`,
    `delete Pod c-${other}`,
    `delete Pod c-${own}`,
  ]);
  expect(idAt(world, own)).toBe(member);
  expect(world.paxos?.newest.voters).toContain(member);
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('a damaged copy of a member that is well elsewhere does not make that one go', async () => {
  world = await running(5);
  const member = idAt(world, 3);
  world.copy(3, 1);
  world.halt(3, 'twin');
  world.damage(1);
  world.deletePod(3);
  await world.rounds(ROUNDS);
  expect(world.deeds).not.toContain(`remove ${member}`);
  expect(idAt(world, 3)).toBe(member);
});

test('while a member is silent, neither it nor a damaged copy of it is touched', async () => {
  world = await running(5);
  const [member, lost] = [idAt(world, 3), idAt(world, 1)];
  world.copy(3, 1);
  world.damage(1);
  silence(world, 3);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([`remove ${lost}`]);
  expect(world.paxos?.newest.voters).toContain(member);
});

test('one of three that has no majority beside it is left to a person', async () => {
  world = await running(3);
  world.copy(0, 1);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'QuorumLost')).toBe('True TooFewVoters');
});

test('one that has just been restarted because of a twin is given time', async () => {
  world = await running(3);
  world.halt(1, 'twin');
  const seen = await observed(world);
  expect(restartTwin(seen)).toMatchObject({ action: { type: 'delete-pod' } });
  const { startedAt } = seen.places[1]?.pod?.status?.containerStatuses?.[0]?.state?.running ?? {};
  const soon = { ...seen, now: new Date(startedAt ?? 0).getTime() + 1_000 };
  expect(restartTwin(soon)).toMatchObject({ type: 'wait', note: { reason: 'TwinRuns' } });
});

test('who waits for its data folder is not silent: it is not restarted, and says for what', async () => {
  world = await running(3);
  const member = idAt(world, 1);
  world.hang(1);
  for (let times = 0; times < 5; times += 1) world.settle();
  const seen = await observed(world);
  expect(restartSilent(seen)).toMatchObject({ action: { type: 'delete-pod' } });
  const waitsFor = 'The data folder /data/member is held by process 1.';
  const waits = {
    ...seen,
    places: seen.places.map((place) => (place.ordinal === 1 ? { ...place, waitsFor } : place)),
  };
  expect(restartSilent(waits)).toBeUndefined();
  const standing = standingOf(waits);
  expect(degraded(waits, standing, nothing)).toMatchObject({
    reason: 'WaitingForFolder',
    message: `c-1: ${waitsFor}`,
  });
  const row = { name: 'c-1', id: member, role: 'waiting', reason: waitsFor };
  expect(memberRows(waits, standing)[1]).toMatchObject(row);
});

test('nor is one that reads its state, as long as its container has not started', async () => {
  world = await running(3);
  world.hang(1);
  for (let times = 0; times < 5; times += 1) world.settle();
  const seen = await observed(world);
  const places = seen.places.map((place) => {
    const [container] = place.pod?.status?.containerStatuses ?? [];
    if (place.ordinal !== 1 || container === undefined) return place;
    const status = { ...place.pod?.status, containerStatuses: [{ ...container, started: false }] };
    return { ...place, pod: { ...place.pod, status } };
  });
  expect(restartSilent({ ...seen, places })).toBeUndefined();
});
