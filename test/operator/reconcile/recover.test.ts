import { recoveredClusterId } from '../../../operator/src/observation/recovery.ts';
import { MEMBER } from '../../../operator/src/resources/annotations.ts';
import { condition, idAt, nodeOf, ROUNDS, running } from './model/running-cluster.ts';
import type { World } from './model/world.ts';

/* A quorum is lost for good, and a person names the survivor that is to go on. */

const OLD = 'cluster-0';

/** Their nodes are gone, and what was on them. */
function lose(world: World, ...ordinals: number[]): void {
  for (const node of ordinals.map((ordinal) => nodeOf(world, ordinal))) world.loseNode(node);
}

/** Their nodes are away: they may come back. */
function silence(world: World, away: boolean, nodes: readonly string[]): void {
  for (const node of nodes) world.kubernetes.nodes.set(node, !away);
}

function ask(world: World, member: string, clusterId = OLD): string {
  world.edit({ recovery: { clusterId, member } });
  return recoveredClusterId({ clusterId, member });
}

const deletions = (world: World): string[] =>
  world.deeds.filter((deed) => deed.startsWith('delete PersistentVolumeClaim'));

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

test('one of three is left: a new cluster of what it has; the volumes of the others stay', async () => {
  world = await running(3);
  lose(world, 0, 1);
  await world.rounds(5);
  const survivor = idAt(world, 2);
  const clusterId = ask(world, survivor);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([`recover ${survivor}`, 'delete ConfigMap c-first-configuration']);
  const fresh = idAt(world, 2);
  expect(world.paxos?.first).toEqual({ clusterId, members: [fresh], window: 16 });
  expect(world.cluster.status).toMatchObject({ clusterId, voters: 1, leader: 'c-2' });
  expect(condition(world, 'QuorumLost')).toBe('False EnoughVoters');
  expect(condition(world, 'Available')).toBe('True Leading');
  const claim = world.objects.find('PersistentVolumeClaim', 'data-c-2');
  expect(claim?.metadata?.annotations?.[MEMBER]).toBe(fresh);

  // The person is done with it: what was on the lost nodes is replaced, as ever.
  world.edit({ recovery: undefined });
  await world.rounds(2 * ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(3);
  expect(world.cluster.status).toMatchObject({ phase: 'Running', readyMembers: 3, clusterId });
});

test('one of three is left, the others were emptied: they come to it one by one', async () => {
  world = await running(3);
  world.wipe(0);
  world.wipe(1);
  await world.rounds(5);
  const survivor = idAt(world, 2);
  const clusterId = ask(world, survivor);
  await world.rounds(ROUNDS);
  const [zero, one] = [idAt(world, 0), idAt(world, 1)];
  expect(world.deeds).toEqual([
    `recover ${survivor}`,
    'delete ConfigMap c-first-configuration',
    ...[zero, one].flatMap((id) => [`form ${id}`, `add ${id}`, `promote ${id}`]),
  ]);
  expect(world.cluster.status).toMatchObject({ phase: 'Running', readyMembers: 3, clusterId });
  // It is still asked for, and nothing more happens.
  const before = world.cluster.metadata.resourceVersion;
  world.deeds.splice(0);
  await world.rounds(5);
  expect(world.deeds).toEqual([]);
  expect(world.cluster.metadata.resourceVersion).toBe(before);
  expect(condition(world, 'Progressing')).toBe('False Settled');
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('two of five are left: the other one sets its data aside; who comes back later does, too', async () => {
  world = await running(5);
  const nodes = [0, 1, 2].map((ordinal) => nodeOf(world, ordinal));
  const old = [0, 1, 2].map((ordinal) => idAt(world, ordinal));
  silence(world, true, nodes);
  await world.rounds(5);
  const [other, survivor] = [idAt(world, 3), idAt(world, 4)];
  const clusterId = ask(world, survivor);
  await world.rounds(ROUNDS);
  expect(world.deeds.slice(0, 3)).toEqual([
    `recover ${survivor}`,
    'delete ConfigMap c-first-configuration',
    `set aside ${other}`,
  ]);
  expect(deletions(world)).toEqual([]);
  expect(world.paxos?.newest.voters).toEqual([idAt(world, 4), idAt(world, 3)]);

  for (const [index, node] of nodes.entries()) {
    silence(world, false, [node]);
    await world.rounds(ROUNDS);
    expect(world.deeds).toContain(`set aside ${old[index] ?? ''}`);
  }
  expect(deletions(world)).toEqual([]);
  expect(world.paxos?.newest.voters).toHaveLength(5);
  expect(world.cluster.status).toMatchObject({ phase: 'Running', readyMembers: 5, clusterId });
});

test('NATS goes away before the other one has set its data aside: it is waited for', async () => {
  world = await running(5);
  lose(world, 0, 1, 2);
  await world.rounds(5);
  const [other, survivor] = [idAt(world, 3), idAt(world, 4)];
  ask(world, survivor);
  while (world.deeds.length === 0) await world.rounds(1);
  world.natsUp = false;
  await world.rounds(10);
  const begun = [`recover ${survivor}`, 'delete ConfigMap c-first-configuration'];
  expect(world.deeds).toEqual(begun);
  expect(condition(world, 'Degraded')).toBe('True OldMembers');
  world.natsUp = true;
  await world.rounds(ROUNDS);
  expect(world.deeds.slice(0, 3)).toEqual([...begun, `set aside ${other}`]);
  expect(world.paxos?.newest.voters).toHaveLength(2);
});

test('wherever the operator crashes, and with two of them, one new cluster is made', async () => {
  for (let patience = 0; patience < 16; patience += 1) {
    world = await running(3);
    world.wipe(0);
    const node = nodeOf(world, 1);
    silence(world, true, [node]);
    await world.rounds(3);
    const clusterId = ask(world, idAt(world, 2));
    for (let round = 0; round < ROUNDS; round += 1) {
      world.settle();
      if (round === 5) silence(world, false, [node]);
      if (round % 2 === 0) world.patience = patience;
      await world.reconcileTwice();
    }
    await world.rounds(ROUNDS);
    expect(world.violations).toEqual([]);
    expect(world.deeds.filter((deed) => deed.startsWith('recover'))).toHaveLength(1);
    expect(deletions(world)).toEqual([]);
    expect(world.cluster.status).toMatchObject({ readyMembers: 3, voters: 3, clusterId });
  }
});

test.each([
  ['another cluster', 'cluster-9', ''],
  ['a member that nobody is', OLD, 'nobody'],
])('named wrongly, %s: nothing is done', async (_, clusterId, member) => {
  world = await running(3);
  world.wipe(0);
  world.wipe(1);
  await world.rounds(5);
  ask(world, member === '' ? idAt(world, 2) : member, clusterId);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'QuorumLost')).toBe('True TooFewVoters');
});

test('while there is a quorum nothing is recovered; nor while NATS is away', async () => {
  world = await running(3);
  ask(world, idAt(world, 2));
  await world.rounds(10);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Progressing')).toBe('False Settled');
  world.wipe(0);
  world.wipe(1);
  world.natsUp = false;
  await world.rounds(10);
  expect(world.deeds).toEqual([]);
});

test('forgotten in the spec of a cluster with a quorum, it is refused for as long as it is there', async () => {
  world = await running(3);
  const survivor = idAt(world, 2);
  ask(world, survivor);
  await world.rounds(3);
  const recovery = { clusterId: OLD, member: survivor };
  expect(world.cluster.status).toMatchObject({ refusedRecovery: recovery });
  expect(condition(world, 'Degraded')).toBe('True RecoveryRefused');
  const nodes = [0, 1].map((ordinal) => nodeOf(world, ordinal));
  silence(world, true, nodes);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'QuorumLost')).toBe('True TooFewVoters');
  expect(world.cluster.status).toMatchObject({ refusedRecovery: recovery });

  // Asked for again, deliberately.
  world.edit({ recovery: undefined });
  await world.rounds(1);
  expect(world.cluster.status).not.toHaveProperty('refusedRecovery');
  ask(world, survivor);
  await world.rounds(5);
  expect(world.deeds[0]).toBe(`recover ${survivor}`);
});

test('what was refused says nothing of another survivor', async () => {
  world = await running(3);
  ask(world, idAt(world, 1));
  await world.rounds(1);
  lose(world, 0, 1);
  await world.rounds(5);
  const survivor = idAt(world, 2);
  ask(world, survivor);
  await world.rounds(5);
  expect(world.deeds[0]).toBe(`recover ${survivor}`);
});

test('a quorum that is lost for less than a minute is not recovered', async () => {
  world = await running(3);
  const nodes = [0, 1].map((ordinal) => nodeOf(world, ordinal));
  silence(world, true, nodes);
  await world.rounds(1);
  expect(condition(world, 'QuorumLost')).toBe('True TooFewVoters');
  const survivor = idAt(world, 2);
  ask(world, survivor);
  await world.rounds(1);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Progressing')).toBe('True WaitingToRecover');
  // Nobody knows how it is while NATS is away: after that, the minute begins anew.
  world.natsUp = false;
  await world.rounds(1);
  world.natsUp = true;
  await world.rounds(2);
  expect(world.deeds).toEqual([]);
  await world.rounds(1);
  expect(world.deeds[0]).toBe(`recover ${survivor}`);
});

test('a member that does not know any more of which cluster it was keeps its volume', async () => {
  world = await running(3);
  world.wipe(0);
  Object.assign(world.volumeOf(1)?.disk ?? {}, { first: null, isDamaged: true });
  await world.rounds(5);
  ask(world, idAt(world, 2));
  await world.rounds(ROUNDS);
  expect(world.deeds[0]).toMatch(/^recover/);
  expect(deletions(world)).toEqual([]);
  world.edit({ recovery: undefined });
  await world.rounds(2 * ROUNDS);
  expect(deletions(world)).toEqual(['delete PersistentVolumeClaim data-c-1']);
  expect(world.cluster.status).toMatchObject({ phase: 'Running', readyMembers: 3 });
});

test('members of two clusters, when another recovery is named: nothing is changed', async () => {
  world = await running(3);
  const other = { clusterId: 'other', members: ['x'], window: 16 };
  Object.assign(world.volumeOf(2)?.disk ?? {}, { id: 'x', first: other });
  world.wipe(0);
  world.wipe(1);
  ask(world, 'x', 'other');
  await world.rounds(5);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('True TwoClusters');
});
