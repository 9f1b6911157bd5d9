import { idAt, ROUNDS, running } from '../reconcile/model/running-cluster.ts';
import type { World } from '../reconcile/model/world.ts';

/* Where a person has to act, an event warns; where the operator goes on by itself, none does. */

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

const warned = (): string[] => [...new Set(world.warnings)];

test('a cluster that begins, heals and is changed warns nobody', async () => {
  world = await running(3);
  world.edit({ image: 'v2', replicas: 5 });
  world.deletePod(1);
  await world.rounds(ROUNDS);
  expect(warned()).toEqual([]);
});

test('what the API server refuses', async () => {
  world = await running(3);
  world.objects.forbid('Pod');
  world.edit({ image: 'v2' });
  await world.rounds(2);
  expect(warned()).toEqual(['Forbidden']);
});

test('a roll that stopped', async () => {
  world = await running(3);
  world.edit({ image: 'bad' });
  await world.rounds(ROUNDS);
  expect(warned()).toEqual(['RollStopped']);
});

test('a recovery of a cluster that has its quorum', async () => {
  world = await running(3);
  world.edit({ recovery: { clusterId: 'cluster-0', member: idAt(world, 2) } });
  await world.rounds(2);
  expect(warned()).toEqual(['RecoveryRefused']);
});

test('members of two clusters', async () => {
  world = await running(3);
  const other = { clusterId: 'other', members: ['x'], window: 16 };
  Object.assign(world.volumeOf(2)?.disk ?? {}, { id: 'x', first: other });
  await world.rounds(2);
  expect(warned()).toEqual(['TwoClusters']);
});
