import { condition, idAt, nodeOf, ROUNDS, running, silence } from './model/running-cluster.ts';
import { World } from './model/world.ts';

/* Rolls that do not go through, and how they are turned back. */

/** In the order of the pods' names. */
function images(world: World): string[] {
  const pods = world.pods.toSorted((a, b) =>
    (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1,
  );
  return pods.map(({ spec }) => spec?.containers[0]?.image ?? '');
}

/** Nothing of these changes while nothing happens. */
function versions(world: World): (string | undefined)[] {
  return [world.statefulSet, world.cluster].map((object) => object?.metadata?.resourceVersion);
}

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

test.each(['learns', 'hangs'])('one that %s is made anew first', async (what) => {
  world = await running(3);
  const [zero, one] = [idAt(world, 0), idAt(world, 1)];
  if (world.paxos !== undefined) world.paxos.leader = one;
  if (what === 'learns') world.learning.set(zero, { slot: 7 });
  else world.hang(0);
  world.edit({ image: 'v2' });
  await world.rounds(2);
  expect(world.deeds).toEqual(['delete Pod c-0']);
  world.learning.clear();
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual(['v2', 'v2', 'v2']);
  expect(world.deeds).toEqual([
    'delete Pod c-0',
    'delete Pod c-2',
    `transfer ${zero}`,
    'delete Pod c-1',
  ]);
});

test('each pod waits for the one before it', async () => {
  world = await running(5);
  world.edit({ image: 'v2' });
  await world.rounds(1);
  world.learning.set(idAt(world, 4), { slot: 999 });
  await world.rounds(5);
  expect(world.deeds).toEqual(['delete Pod c-4']);
  expect(condition(world, 'Progressing')).toBe('True WaitingToRoll');
  world.learning.clear();
  world.kubernetes.isSlow = true;
  await world.rounds(2);
  expect(world.deeds).toEqual(['delete Pod c-4', 'delete Pod c-3']);
});

test('the second pod fails: the roll waits for it, and the template stays', async () => {
  world = await running(3);
  world.kubernetes.missing.add(`${nodeOf(world, 1)} v2`);
  world.edit({ image: 'v2' });
  await world.rounds(10);
  expect(world.deeds).toEqual(['delete Pod c-2', 'delete Pod c-1']);
  const before = versions(world);
  for (let round = 0; round < 10; round += 1) {
    await world.rounds(1);
    expect(versions(world)).toEqual(before);
  }
  expect(condition(world, 'Progressing')).toBe('True WaitingToRoll');
  expect(condition(world, 'Degraded')).toBe('True ImageNotFound');
  expect(condition(world, 'Available')).toBe('True Leading');
  world.kubernetes.missing.clear();
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual(['v2', 'v2', 'v2']);
  expect(condition(world, 'Progressing')).toBe('False Settled');
});

test('a template that has run once stays, though its only ready pod is gone for a while', async () => {
  world = await running(3);
  world.kubernetes.missing.add(`${nodeOf(world, 1)} v2`);
  world.edit({ image: 'v2' });
  await world.rounds(10);
  const { generation } = world.statefulSet?.metadata ?? {};
  world.deletePod(2);
  world.kubernetes.isSlow = true;
  await world.rounds(1);
  // The one that is left has no quorum, and so nobody is ready; which says nothing of the template.
  expect(world.cluster.status?.readyMembers).toBe(0);
  world.kubernetes.isSlow = false;
  await world.rounds(5);
  expect(images(world)).toEqual(['v1', 'v2', 'v2']);
  expect(world.statefulSet?.metadata?.generation).toBe(generation);
});

test('the last pod fails: it is said that the roll is not over', async () => {
  world = await running(3);
  world.kubernetes.missing.add(`${nodeOf(world, 0)} v2`);
  world.edit({ image: 'v2' });
  await world.rounds(20);
  expect(images(world)).toEqual(['v2', 'v2', 'v2']);
  expect(condition(world, 'Progressing')).toBe('True WaitingToRoll');
  world.edit({ image: 'v1' });
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual(['v1', 'v1', 'v1']);
});

test.each(['v1', 'v2'])('a version that is never ready stops the roll; on to %s', async (next) => {
  world = await running(3);
  world.edit({ image: 'unready' });
  await world.rounds(15);
  expect(condition(world, 'Progressing')).toBe('True WaitingToRoll');
  await world.rounds(5);
  expect(condition(world, 'Progressing')).toBe('False RollStopped');
  expect(condition(world, 'Degraded')).toBe('True NotReady');
  expect(world.deeds).toEqual(['delete Pod c-2']);
  const before = versions(world);
  await world.rounds(5);
  expect(versions(world)).toEqual(before);
  world.deletePod(1);
  await world.rounds(5);
  expect(images(world)).toEqual(['v1', 'v1', 'unready']);
  expect(condition(world, 'Available')).toBe('True Leading');
  world.edit({ image: next });
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual([next, next, next]);
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test.each(['slot', 'bytes'])(
  'a member that learns is given as long as it takes: %s',
  async (what) => {
    world = await running(3);
    const member = idAt(world, 2);
    world.edit({ image: 'v2' });
    for (let count = 0; count < 40; count += 1) {
      world.learning.set(member, what === 'slot' ? { slot: count } : { slot: 0, bytes: count });
      await world.rounds(1);
    }
    expect(images(world)).toEqual(['v1', 'v1', 'v2']);
    expect(condition(world, 'Progressing')).toBe('True WaitingToRoll');
    const { template } = world.statefulSet?.spec ?? {};
    expect(template?.spec?.containers[0]?.image).toBe('v2');
    // It learns nothing more.
    await world.rounds(20);
    expect(condition(world, 'Progressing')).toBe('False RollStopped');
    world.learning.clear();
    await world.rounds(ROUNDS);
    expect(images(world)).toEqual(['v2', 'v2', 'v2']);
  },
);

test('what a member learns is written down once a minute at most', async () => {
  world = await running(3);
  const member = idAt(world, 2);
  world.edit({ image: 'v2' });
  const written = new Set<unknown>();
  for (let slot = 0; slot < 15; slot += 1) {
    world.learning.set(member, { slot });
    world.settle();
    await world.reconcile();
    if (slot > 2) written.add(JSON.stringify(world.statefulSet?.metadata?.annotations));
  }
  expect(written.size).toBeGreaterThan(2);
  expect(written.size).toBeLessThanOrEqual(5);
});

test('a cluster that begins, and is not ready yet, is not called a roll', async () => {
  world = new World();
  for (const member of ['m1', 'm2', 'm3']) world.learning.set(member, { slot: 0 });
  world.createCluster();
  await world.rounds(10);
  expect(world.paxos?.newest.voters).toHaveLength(3);
  expect(condition(world, 'Progressing')).not.toBe('True WaitingToRoll');
  expect(world.cluster.status?.phase).not.toBe('Rolling');
});

test('a member that has all, and goes on with the others, learns nothing', async () => {
  world = await running(3);
  const member = idAt(world, 2);
  world.edit({ image: 'v2' });
  for (let round = 0; round < 25; round += 1) {
    world.learning.set(member, { slot: 1_000 + round });
    await world.rounds(1);
  }
  expect(condition(world, 'Progressing')).toBe('False RollStopped');
});

test('one that has stopped learning is not made anew while its vote is needed', async () => {
  world = await running(3);
  world.learning.set(idAt(world, 2), { slot: 7 });
  world.edit({ image: 'v2' });
  await world.rounds(20);
  expect(condition(world, 'Progressing')).toBe('False RollStopped');
  silence(world, 1);
  world.edit({ image: 'v1' });
  await world.rounds(20);
  expect(world.deeds).toEqual(['delete Pod c-2']);
  expect(condition(world, 'Progressing')).toBe('True WaitingToRoll');
});

test('where the others suffice, a pod that failed does not wait for one that is away', async () => {
  world = await running(5);
  world.edit({ image: 'unready' });
  await world.rounds(20);
  expect(condition(world, 'Progressing')).toBe('False RollStopped');
  silence(world, 1);
  world.edit({ image: 'v1' });
  await world.rounds(5);
  expect(images(world)).toEqual(['v1', 'v1', 'v1', 'v1', 'v1']);
});

test('a pod that failed is not made anew while the quorum is lost', async () => {
  world = await running(3);
  world.edit({ image: 'unready' });
  await world.rounds(20);
  silence(world, 0);
  silence(world, 1);
  world.edit({ image: 'v1' });
  await world.rounds(20);
  expect(world.deeds).toEqual(['delete Pod c-2']);
  expect(condition(world, 'QuorumLost')).toBe('True TooFewVoters');
  world.kubernetes.nodes.set(nodeOf(world, 0), true);
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual(['v1', 'v1', 'v1']);
  expect(condition(world, 'Available')).toBe('True Leading');
});

test('nor with NATS away, nor where its volume would go with it', async () => {
  world = await running(1);
  world.edit({ image: 'unready' });
  await world.rounds(20);
  world.isCutOff = true;
  world.edit({ image: 'v1' });
  await world.rounds(20);
  expect(world.deeds).toEqual(['delete Pod c-0']);
  world.deleteClaim(0);
  world.isCutOff = false;
  await world.rounds(20);
  expect(world.deeds).toEqual(['delete Pod c-0']);
});

test.each(['NATS', 'its node'])('nobody has failed for being without %s', async (what) => {
  world = await running(3);
  world.learning.set(idAt(world, 2), { slot: 7 });
  world.edit({ image: 'v2' });
  await world.rounds(5);
  const node = nodeOf(world, 2);
  if (what === 'NATS') world.natsUp = false;
  else world.kubernetes.nodes.set(node, false);
  await world.rounds(ROUNDS);
  world.natsUp = true;
  world.kubernetes.nodes.set(node, true);
  await world.rounds(10);
  expect(condition(world, 'Progressing')).toBe('True WaitingToRoll');
  world.learning.clear();
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual(['v2', 'v2', 'v2']);
});

test('one member alone, and a version that is never ready: going back works', async () => {
  world = await running(1);
  world.edit({ image: 'unready' });
  await world.rounds(20);
  expect(condition(world, 'Progressing')).toBe('False RollStopped');
  world.edit({ image: 'v1' });
  await world.rounds(20);
  expect(images(world)).toEqual(['v1']);
  expect(world.cluster.status?.readyMembers).toBe(1);
});

test('a pod that stops is not made anew once more', async () => {
  world = await running(1);
  world.edit({ image: 'unready' });
  await world.rounds(20);
  world.edit({ image: 'v1' });
  for (let look = 0; look < 4; look += 1) await world.reconcile();
  expect(world.deeds).toEqual(['delete Pod c-0', 'delete Pod c-0']);
});

test('the good template is the last one that every pod was ready with', async () => {
  world = await running(3);
  world.edit({ image: 'v2' });
  await world.rounds(20);
  world.edit({ image: 'bad' });
  await world.rounds(10);
  world.deletePod(1);
  await world.rounds(5);
  expect(images(world)).toEqual(['v2', 'v2', 'bad']);
});

test('the last good template is not taken back, whatever becomes of its pod', async () => {
  world = await running(1);
  world.edit({ image: 'bad' });
  await world.rounds(5);
  world.kubernetes.missing.add(`${nodeOf(world, 0)} v1`);
  world.edit({ image: 'v1' });
  await world.rounds(10);
  expect(images(world)).toEqual(['v1']);
  expect(condition(world, 'Progressing')).not.toBe('False RollStopped');
});

test('the time that an image takes to come is none of that which a member has', async () => {
  const roundsUntilStopped = async (isSlow: boolean): Promise<number> => {
    world = await running(3);
    world.kubernetes.isSlow = isSlow;
    world.edit({ image: 'unready' });
    for (let count = 1; count < ROUNDS; count += 1) {
      await world.rounds(1);
      if (condition(world, 'Progressing') === 'False RollStopped') return count;
    }
    return ROUNDS;
  };
  const atOnce = await roundsUntilStopped(false);
  expect(await roundsUntilStopped(true)).toBeGreaterThan(atOnce);
});

test('two pods came to a version that is never ready, and nobody leads: going back works', async () => {
  world = await running(3);
  world.edit({ image: 'unready' });
  await world.rounds(3);
  world.deletePod(1);
  await world.rounds(3);
  expect(images(world)).toEqual(['v1', 'unready', 'unready']);
  expect(condition(world, 'Available')).toBe('False NoLeader');
  world.edit({ image: 'v1' });
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual(['v1', 'v1', 'v1']);
  expect(world.cluster.status?.readyMembers).toBe(3);
});

test('a version that is never ready from the beginning is corrected', async () => {
  world = new World();
  world.createCluster({ image: 'unready' });
  await world.rounds(5);
  expect(world.cluster.status?.readyMembers).toBe(0);
  world.edit({ image: 'v1' });
  await world.rounds(ROUNDS);
  expect(world.cluster.status?.readyMembers).toBe(3);
});

test('when the StatefulSet is made again by an operator that builds other pods, none restarts', async () => {
  world = await running(3);
  // As if one had been here that gave them longer to end, and made these.
  const set = JSON.stringify(world.statefulSet);
  const older = set.replaceAll(/(terminationGracePeriodSeconds\\*":)\d+/g, '$1999');
  Object.assign(world.statefulSet ?? {}, JSON.parse(older));
  for (const ordinal of [0, 1, 2]) world.deletePod(ordinal);
  await world.rounds(5);
  const [pod] = world.pods;
  expect(pod?.spec?.terminationGracePeriodSeconds).toBe(999);
  const uids = world.pods.map(({ metadata }) => metadata?.uid);
  world.resize('20Gi');
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual(['delete StatefulSet c']);
  expect(world.pods.map(({ metadata }) => metadata?.uid)).toEqual(uids);
  expect(condition(world, 'Progressing')).toBe('False Settled');
  world.edit({ image: 'v2' });
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual(['v2', 'v2', 'v2']);
});
