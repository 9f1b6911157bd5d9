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
