import { condition, ROUNDS, running, silence } from './model/running-cluster.ts';
import { World } from './model/world.ts';

/* What keeps a cluster from beginning, or from being adopted. */

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

test('no cluster begins with members that are damaged, and know no cluster any more', async () => {
  world = await running(3);
  world.deleteCluster();
  world.objects.erase('ConfigMap', 'c-first-configuration');
  for (const { disk } of world.disks.volumes) Object.assign(disk, { first: null, isDamaged: true });
  world.createCluster();
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('True DamagedMember');
});

test('a cluster is not adopted while a volume is silent and nobody leads', async () => {
  world = await running(3);
  for (const ordinal of [1, 2]) silence(world, ordinal);
  world.deleteCluster();
  world.objects.erase('ConfigMap', 'c-first-configuration');
  world.createCluster();
  await world.rounds(ROUNDS);
  expect(world.objects.find('ConfigMap', 'c-first-configuration')).toBeUndefined();
  expect(condition(world, 'Progressing')).toBe('True WaitingForMembers');
});

test('without its first configuration, a cluster that is only silent is waited for', async () => {
  world = await running(3);
  world.objects.erase('ConfigMap', 'c-first-configuration');
  for (const ordinal of [0, 1, 2]) silence(world, ordinal);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(world.cluster.status?.clusterId).toBe('cluster-0');
  expect(condition(world, 'Progressing')).toBe('True WaitingForMembers');
  for (const name of world.kubernetes.nodes.keys()) world.kubernetes.nodes.set(name, true);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(world.objects.find('ConfigMap', 'c-first-configuration')).toBeDefined();
  expect(world.cluster.status).toMatchObject({ phase: 'Running', readyMembers: 3 });
});

test('without its first configuration, a cluster whose members are damaged did not vanish', async () => {
  world = await running(3);
  world.objects.erase('ConfigMap', 'c-first-configuration');
  for (const { disk } of world.disks.volumes) Object.assign(disk, { first: null, isDamaged: true });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('True DamagedMember');
});

test('no cluster begins with a volume that somebody deleted', async () => {
  world = new World();
  world.createCluster({ replicas: 3 });
  await world.rounds(1);
  world.deleteClaim(1);
  await world.rounds(10);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Progressing')).toBe('True Leaving');
  world.deletePod(1);
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(3);
});

test('no cluster begins with members that hold different snapshots; with one, it is named', async () => {
  world = new World();
  const machine = { name: 'chat-log', version: 1 };
  const snapshot = { slot: 7, hash: 'a'.repeat(64), machine };
  world.snapshots.set('c-0', snapshot).set('c-2', snapshot);
  world.createCluster({ replicas: 3 });
  await world.rounds(ROUNDS);
  expect(world.paxos).toBeUndefined();
  expect(condition(world, 'Progressing')).toBe('False SnapshotsDiffer');
  world.snapshots.set('c-1', snapshot);
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(3);
  const map = world.objects.find('ConfigMap', 'c-first-configuration');
  expect(JSON.stringify(map)).toContain(snapshot.hash);
});

test('no cluster begins with members of different machines, until they have the same', async () => {
  world = new World();
  world.machines.set('c-1', 'counter');
  world.createCluster({ replicas: 3 });
  await world.rounds(ROUNDS);
  expect(world.paxos).toBeUndefined();
  expect(condition(world, 'Progressing')).toBe('False MachinesDiffer');
  const said = world.cluster.status?.conditions?.find(
    ({ type }) => type === 'Progressing',
  )?.message;
  expect(said).toMatch(/c-1.*counter/);
  world.machines.clear();
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(3);
});
