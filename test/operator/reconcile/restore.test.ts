import { SNAPSHOT } from '../../../operator/src/resources/annotations.ts';
import { condition, ROUNDS, running } from './model/running-cluster.ts';
import { World } from './model/world.ts';

/* A cluster that begins with the snapshot that its spec names. */

const machine = { name: 'chat-log', version: 1 };
const held = { slot: 7, hash: 'a'.repeat(64), machine };
const from = (path: string) => ({ snapshot: { claimName: 'backups', path } });

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

const restoring = (): string[] =>
  world.pods
    .filter(({ spec }) => spec?.initContainers?.length === 1)
    .map(({ metadata }) => metadata?.name ?? '');
const firstConfiguration = (): string =>
  JSON.stringify(world.objects.find('ConfigMap', 'c-first-configuration') ?? '');

test('its first configuration names it, and then nothing is restored any more, nor restarted', async () => {
  world = new World();
  world.backups.set('backups/a', held);
  world.createCluster({ replicas: 3, bootstrap: from('a') });
  await world.rounds(ROUNDS);
  expect(firstConfiguration()).toContain(held.hash);
  expect(world.paxos?.newest.voters).toHaveLength(3);
  expect(world.deeds.filter((deed) => !deed.startsWith('form'))).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('False AllWell');
  expect(restoring()).toEqual(['c-0', 'c-1', 'c-2']);
  expect(world.statefulSet?.spec?.template.spec?.initContainers).toBeUndefined();

  // Members that come later are blank.
  world.edit({ replicas: 5 });
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(5);
  world.wipe(1);
  world.deletePod(1);
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(5);
  expect(restoring()).toEqual(['c-0', 'c-2']);
  const before = [...world.deeds];

  // What the field says is of no meaning any more.
  world.edit({ bootstrap: from('b') });
  await world.rounds(ROUNDS);
  world.edit({ bootstrap: {} });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual(before);
  expect(condition(world, 'Degraded')).toBe('False AllWell');

  // It rolls like any other one.
  world.edit({ image: 'v2' });
  await world.rounds(ROUNDS);
  expect(restoring()).toEqual([]);
  expect(world.cluster.status).toMatchObject({ phase: 'Running', readyMembers: 5 });
});

test('when members ran before it was asked for, no cluster begins without it', async () => {
  world = new World();
  world.createCluster({ replicas: 3, bootstrap: from('a') });
  await world.rounds(ROUNDS);
  expect(world.paxos).toBeUndefined();
  expect(condition(world, 'Degraded')).toBe('True SnapshotMissing');
  world.edit({ bootstrap: {} });
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(3);
});

test('another snapshot that is asked for before it begins gets through', async () => {
  world = new World();
  world.backups.set('backups/b', held);
  world.createCluster({ replicas: 3, bootstrap: from('a') });
  await world.rounds(3);
  world.edit({ bootstrap: from('b') });
  await world.rounds(ROUNDS);
  expect(firstConfiguration()).toContain(held.hash);
  const asked = world.pods.map(({ metadata }) => metadata?.annotations?.[SNAPSHOT]);
  expect(asked).toEqual(['backups/b', 'backups/b', 'backups/b']);
});

test('from a bucket, too; another Secret for it gets through before it begins', async () => {
  world = new World();
  const s3 = { bucket: 'backups', key: 'a', region: 'r' };
  const from = (credentialsSecret: string) => ({ snapshot: { s3: { ...s3, credentialsSecret } } });
  world.backups.set('s3://backups/a aws r right', held);
  world.createCluster({ replicas: 3, bootstrap: from('wrong') });
  await world.rounds(3);
  expect(world.paxos).toBeUndefined();
  world.edit({ bootstrap: from('right') });
  await world.rounds(ROUNDS);
  expect(firstConfiguration()).toContain(held.hash);
  expect(restoring()).toEqual(['c-0', 'c-1', 'c-2']);
});

test('a cluster that has begun takes none, and says so', async () => {
  world = await running(3);
  world.edit({ bootstrap: from('a') });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('True SnapshotIgnored');
  world.edit({ bootstrap: {} });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('one that comes back to its volumes goes on with them', async () => {
  world = await running(3);
  world.deleteCluster();
  world.backups.set('backups/a', held);
  world.createCluster({ replicas: 3, bootstrap: from('a') });
  await world.rounds(ROUNDS);
  expect(restoring()).toEqual([]);
  expect(firstConfiguration()).not.toContain(held.hash);
  expect(world.paxos?.newest.voters).toHaveLength(3);
});
