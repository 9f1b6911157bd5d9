import { RESTARTED_AT } from '../../../operator/src/resources/annotations.ts';
import { condition, idAt, ROUNDS, running } from './model/running-cluster.ts';
import { World } from './model/world.ts';

function images(world: World): string[] {
  return world.pods.map(({ spec }) => spec?.containers[0]?.image ?? '');
}

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

test('a cluster begins: what it begins with is written down before any member is told', async () => {
  world = new World();
  world.createCluster();
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual(['form m1', 'form m2', 'form m3']);
  expect(world.objects.find('ConfigMap', 'c-first-configuration')).toMatchObject({
    immutable: true,
  });
  expect(world.cluster.status).toMatchObject({
    phase: 'Running',
    replicas: 3,
    voters: 3,
    readyMembers: 3,
    leader: 'c-0',
  });
  expect(condition(world, 'Available')).toBe('True Leading');
  expect(condition(world, 'Progressing')).toBe('False Settled');
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('a cluster begins once, wherever the operator crashes, and with two of them', async () => {
  for (let patience = 0; patience < 12; patience += 1) {
    world = new World();
    world.createCluster();
    for (let round = 0; round < ROUNDS; round += 1) {
      world.settle();
      if (round % 2 === 0) world.patience = patience;
      await world.reconcileTwice();
    }
    await world.rounds(5);
    expect(world.violations).toEqual([]);
    expect(world.paxos?.newest.voters).toHaveLength(3);
    expect(world.cluster.status?.readyMembers).toBe(3);
  }
});

test('up: each new member learns first, and then votes, before the next one comes', async () => {
  world = await running(3);
  world.edit({ replicas: 5 });
  await world.rounds(ROUNDS);
  const [four, five] = [idAt(world, 3), idAt(world, 4)];
  expect(world.deeds).toEqual([
    'scale 3 to 4',
    `form ${four}`,
    `add ${four}`,
    `promote ${four}`,
    'scale 4 to 5',
    `form ${five}`,
    `add ${five}`,
    `promote ${five}`,
  ]);
});

test('down: the vote goes first, then the volume, then the pod', async () => {
  world = await running(5);
  const [four, five] = [idAt(world, 3), idAt(world, 4)];
  world.edit({ replicas: 3 });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([
    `remove ${five}`,
    'delete PersistentVolumeClaim data-c-4',
    'scale 5 to 4',
    `remove ${four}`,
    'delete PersistentVolumeClaim data-c-3',
    'scale 4 to 3',
  ]);
  expect(world.objects.all('PersistentVolumeClaim')).toHaveLength(3);
});

test('down: a leader that is to go hands over first', async () => {
  world = await running(5);
  const [zero, five] = [idAt(world, 0), idAt(world, 4)];
  world.paxos!.leader = five;
  world.edit({ replicas: 3 });
  await world.rounds(ROUNDS);
  expect(world.deeds.slice(0, 2)).toEqual([`transfer ${zero}`, `remove ${five}`]);
});

test('down: the volume stays until the configuration without its member is in force', async () => {
  world = await running(5);
  const five = idAt(world, 4);
  if (world.paxos !== undefined) world.paxos.isSlow = true;
  world.edit({ replicas: 3 });
  await world.reconcile();
  await world.reconcile();
  expect(world.deeds).toEqual([`remove ${five}`]);
  expect(condition(world, 'Progressing')).toBe('True NotSettled');
  await world.rounds(ROUNDS);
  expect(world.deeds).toContain('delete PersistentVolumeClaim data-c-4');
  expect(world.paxos?.newest.voters).toHaveLength(3);
});

test('down: it heals before it shrinks, and says that it waits', async () => {
  world = await running(5);
  const node = world.pods.find(({ metadata }) => metadata?.name === 'c-1')?.spec?.nodeName ?? '';
  world.kubernetes.nodes.set(node, false);
  world.edit({ replicas: 3 });
  await world.rounds(5);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Progressing')).toBe('True WaitingToShrink');
  world.kubernetes.nodes.set(node, true);
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(3);
});

test('down to one, and up again', async () => {
  world = await running(3);
  world.edit({ replicas: 1 });
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toEqual([idAt(world, 0)]);
  world.edit({ replicas: 3 });
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(3);
});

test('a StatefulSet that a person scaled gets its pods back', async () => {
  world = await running(3);
  const set = world.statefulSet;
  world.objects.put({ ...set, spec: { ...set?.spec, replicas: 1 } });
  await world.rounds(5);
  expect(world.statefulSet?.spec?.replicas).toBe(3);
  expect(world.cluster.status?.readyMembers).toBe(3);
});

test('a node that is gone: vote, volume, pod, and a new member elsewhere', async () => {
  world = await running(3);
  const lost = idAt(world, 1);
  const node = world.pods.find(({ metadata }) => metadata?.name === 'c-1')?.spec?.nodeName ?? '';
  world.loseNode(node);
  await world.rounds(ROUNDS);
  const fresh = idAt(world, 1);
  expect(world.deeds).toEqual([
    `remove ${lost}`,
    'delete PersistentVolumeClaim data-c-1',
    'delete Pod c-1',
    `form ${fresh}`,
    `add ${fresh}`,
    `promote ${fresh}`,
  ]);
  expect(world.paxos?.newest.voters).toHaveLength(3);
});

test('a node that is only away costs nobody a vote', async () => {
  world = await running(3);
  const node = world.pods.find(({ metadata }) => metadata?.name === 'c-1')?.spec?.nodeName ?? '';
  world.kubernetes.nodes.set(node, false);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('True MemberSilent');
});

test('a cluster is at rest when nothing is to be done, and not while a member is silent', async () => {
  world = await running();
  world.restartOperator();
  const { rest } = await world.reconcile();
  expect(rest).toMatchObject({ members: 3 });
  world.kubernetes.nodes.set('node-1', false);
  world.settle();
  expect(world.deeds).toEqual([]);
  // Its node may be deleted later, which only a look shows.
  const { rest: none, againAfterMs } = await world.reconcile();
  expect(none).toBeUndefined();
  expect(againAfterMs).toBeLessThanOrEqual(10_000);
});

test('a process that hangs is restarted when operator and leader have heard nothing of it', async () => {
  world = await running(3);
  world.hang(1);
  await world.rounds(2);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('True MemberSilent');
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual(['delete Pod c-1']);
  expect(condition(world, 'Degraded')).toBe('False AllWell');
  expect(world.cluster.status?.readyMembers).toBe(3);
});

test('a leader that hangs is restarted when another one leads and has heard nothing of it', async () => {
  world = await running(3);
  world.hang(0);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual(['delete Pod c-0']);
});

test('of five, two that hang are restarted', async () => {
  world = await running(5);
  world.hang(1);
  world.hang(4);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual(['delete Pod c-1', 'delete Pod c-4']);
  expect(world.cluster.status?.readyMembers).toBe(5);
});

test('of three, two that hang are left alone: nobody leads, and knows who is silent', async () => {
  world = await running(3);
  world.hang(1);
  world.hang(2);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'QuorumLost')).toBe('True TooFewVoters');
});

test('nobody is restarted for NATS, nor where the volume would go with the pod', async () => {
  world = await running(3);
  world.hang(1);
  world.natsUp = false;
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  world.natsUp = true;
  world.deleteClaim(1);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
});

test('who is silent and has just started is given time', async () => {
  world = await running(3);
  world.hang(1);
  await world.rounds(3);
  world.deletePod(1);
  world.settle();
  world.hang(1);
  await world.reconcile();
  await world.rounds(2);
  expect(world.deeds).toEqual([]);
  await world.rounds(3);
  expect(world.deeds).toEqual(['delete Pod c-1']);
});

function sizes(world: World): (string | undefined)[] {
  return world.objects
    .all('PersistentVolumeClaim')
    .map(({ spec }) => spec?.resources?.requests?.['storage']);
}

test.each(['Retain', 'Delete'] as const)(
  'volumes grow, those of members to come, too, and no pod is touched (%s)',
  async (whenDeleted) => {
    world = await running(3);
    world.resize('8Gi', whenDeleted);
    await world.rounds(3);
    const uids = world.pods.map(({ metadata }) => metadata?.uid);
    const uid = world.statefulSet?.metadata?.uid;
    world.resize('20Gi', whenDeleted);
    await world.rounds(ROUNDS);
    expect(world.deeds).toEqual(['delete StatefulSet c']);
    expect(sizes(world)).toEqual(['20Gi', '20Gi', '20Gi']);
    expect(world.statefulSet?.metadata?.uid).not.toBe(uid);
    const { persistentVolumeClaimRetentionPolicy: policy } = world.statefulSet?.spec ?? {};
    expect(policy?.whenDeleted).toBe(whenDeleted);
    expect(world.pods.map(({ metadata }) => metadata?.uid)).toEqual(uids);
    expect(condition(world, 'Progressing')).toBe('False Settled');
    world.edit({ replicas: 5 });
    await world.rounds(ROUNDS);
    expect(sizes(world)).toEqual(['20Gi', '20Gi', '20Gi', '20Gi', '20Gi']);
    expect(world.paxos?.newest.voters).toHaveLength(5);
  },
);

test.each(['True', 'False'])('while the storage driver works, it is said: %s', async (status) => {
  world = await running(3);
  world.resize('20Gi');
  await world.rounds(10);
  for (const claim of world.objects.all('PersistentVolumeClaim')) {
    const conditions = [{ type: 'FileSystemResizePending', status }];
    world.objects.put({ ...claim, status: { conditions } });
  }
  await world.rounds(2);
  const said = status === 'True' ? 'True GrowingVolume' : 'False Settled';
  expect(condition(world, 'Progressing')).toBe(said);
});

test('a cluster that is made again, and asks for less, has the volumes as they are', async () => {
  world = await running(3);
  world.resize('20Gi');
  await world.rounds(ROUNDS);
  world.deleteCluster();
  world.createCluster();
  await world.rounds(ROUNDS);
  expect(sizes(world)).toEqual(['20Gi', '20Gi', '20Gi']);
  expect(condition(world, 'Progressing')).toBe('False Settled');
});

test('volumes grow, wherever the operator crashes, and with two of them', async () => {
  for (let patience = 0; patience < 8; patience += 1) {
    world = await running(3);
    const uids = world.pods.map(({ metadata }) => metadata?.uid);
    world.resize('20Gi');
    for (let round = 0; round < 12; round += 1) {
      world.settle();
      if (round % 2 === 0) world.patience = patience;
      await world.reconcileTwice();
    }
    await world.rounds(5);
    expect(sizes(world)).toEqual(['20Gi', '20Gi', '20Gi']);
    expect(world.pods.map(({ metadata }) => metadata?.uid)).toEqual(uids);
    expect(world.cluster.status?.readyMembers).toBe(3);
  }
});

test('while the StatefulSet is made again, pods are still the members they were', async () => {
  world = await running(3);
  const name = 'c';
  world.resize('20Gi');
  await world.rounds(4);
  while (world.objects.find('StatefulSet', name) !== undefined) {
    await world.reconcile();
    if (world.statefulSet?.metadata?.deletionTimestamp !== undefined) {
      await world.reconcile();
      expect(condition(world, 'Progressing')).toBe('True StatefulSetLeaving');
      world.settle();
    }
  }
  world.edit({ paused: true });
  await world.reconcile();
  expect(world.cluster.status).toMatchObject({ replicas: 3, voters: 3, readyMembers: 3 });
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('no StatefulSet is removed on which a volume hangs', async () => {
  world = await running(3);
  world.resize('20Gi');
  await world.rounds(3);
  for (const claim of world.objects.all('PersistentVolumeClaim')) {
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'c', uid: 'late' };
    const metadata = { ...claim.metadata, ownerReferences: [owner] };
    world.objects.put({ ...claim, metadata });
  }
  await world.reconcile();
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Progressing')).toBe('True WaitingToGrow');
  await world.rounds(2);
  expect(world.deeds).toEqual(['delete StatefulSet c']);
});

test('while a roll is stopped, new volumes are not thought of', async () => {
  world = await running(3);
  world.edit({ image: 'bad' });
  world.resize('20Gi');
  await world.rounds(20);
  expect(world.deeds).toEqual(['delete Pod c-2']);
  expect(sizes(world)).toEqual(['20Gi', '20Gi', '20Gi']);
  world.edit({ image: 'v1' });
  await world.rounds(ROUNDS);
  expect(world.deeds).toContain('delete StatefulSet c');
});

test('a volume that was emptied: the new member votes before the old one goes', async () => {
  world = await running(3);
  const old = idAt(world, 2);
  world.wipe(2);
  await world.rounds(ROUNDS);
  const fresh = idAt(world, 2);
  const steps = [`form ${fresh}`, `add ${fresh}`, `promote ${fresh}`, `remove ${old}`];
  expect(world.deeds).toEqual(steps);
});

test('of seven, the old one goes before the new one votes', async () => {
  world = await running(7);
  const old = idAt(world, 2);
  world.wipe(2);
  await world.rounds(ROUNDS);
  const fresh = idAt(world, 2);
  const steps = [`remove ${old}`, `form ${fresh}`, `add ${fresh}`, `promote ${fresh}`];
  expect(world.deeds).toEqual(steps);
});

test('a damaged member is replaced like a lost one', async () => {
  world = await running(3);
  const old = idAt(world, 0);
  world.damage(0);
  await world.rounds(ROUNDS);
  const fresh = idAt(world, 0);
  expect(world.deeds).toEqual([
    `remove ${old}`,
    'delete PersistentVolumeClaim data-c-0',
    'delete Pod c-0',
    `form ${fresh}`,
    `add ${fresh}`,
    `promote ${fresh}`,
  ]);
});

test('a volume that a person deleted is lost when a person says so', async () => {
  world = await running(3);
  const old = idAt(world, 1);
  world.deleteClaim(1);
  await world.rounds(3);
  expect(condition(world, 'Degraded')).toBe('True VolumeDeleted');
  world.deletePod(1);
  await world.rounds(5);
  expect(condition(world, 'Degraded')).toBe('True MemberMissing');
  expect(world.deeds).toEqual([]);
  world.declareLost();
  await world.rounds(ROUNDS);
  const fresh = idAt(world, 1);
  const steps = [`form ${fresh}`, `add ${fresh}`, `promote ${fresh}`, `remove ${old}`];
  expect(world.deeds).toEqual(steps);
});

test('a pod whose volume somebody deleted is not restarted', async () => {
  world = await running(3);
  world.deleteClaim(1);
  world.edit({ image: 'v2' });
  await world.rounds(ROUNDS);
  expect(world.deeds).not.toContain('delete Pod c-1');
});

test('nor is one that does not run', async () => {
  world = await running(3);
  world.edit({ image: 'bad' });
  await world.rounds(10);
  expect(world.deeds).toEqual(['delete Pod c-2']);
  world.deleteClaim(2);
  world.edit({ image: 'v2' });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual(['delete Pod c-2']);
});

test('a quorum that is lost: nothing is touched, and the survivors are named', async () => {
  world = await running(3);
  world.wipe(0);
  world.wipe(1);
  world.edit({ replicas: 5 });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'QuorumLost')).toBe('True TooFewVoters');
  expect(world.cluster.status?.phase).toBe('QuorumLost');
  const message = world.cluster.status?.conditions?.find(
    ({ type }) => type === 'QuorumLost',
  )?.message;
  const survivor = idAt(world, 2);
  expect(message).toContain(`c-2 (member ${survivor}, ballot none, slot 1000)`);
  expect(message).toContain('spec.recovery.clusterId to cluster-0');
  expect(message).toContain(`${survivor} has the highest slot`);
});

test('NATS is away: nothing is done, and it is said', async () => {
  world = await running(3);
  world.natsUp = false;
  world.edit({ replicas: 5 });
  world.wipe(1);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'NATSReachable')).toBe('False OperatorCutOff');
  expect(condition(world, 'QuorumLost')).toBe('Unknown NATSUnreachable');
  world.natsUp = true;
  await world.rounds(ROUNDS);
  expect(world.paxos?.newest.voters).toHaveLength(5);
});

test('a new image: one pod after another, the leader last, after another one has taken over', async () => {
  world = await running(3);
  expect(world.paxos?.leader).toBe(idAt(world, 0));
  world.edit({ image: 'v2' });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([
    'delete Pod c-2',
    'delete Pod c-1',
    `transfer ${idAt(world, 1)}`,
    'delete Pod c-0',
  ]);
  expect(images(world)).toEqual(['v2', 'v2', 'v2']);
  expect(world.cluster.status?.version).toBe('v2');
});

test('a restart that a person asks for is a roll', async () => {
  world = await running(3);
  world.annotate({ [RESTARTED_AT]: '2030-01-01T00:00:00Z' });
  await world.rounds(ROUNDS);
  expect(world.deeds.filter((deed) => deed.startsWith('delete'))).toHaveLength(3);
});

test('a roll that stops: whoever is recreated gets the good template; going back works', async () => {
  world = await running(3);
  world.edit({ image: 'bad' });
  await world.rounds(10);
  expect(world.deeds).toEqual(['delete Pod c-2']);
  expect(images(world)).toEqual(expect.arrayContaining(['v1', 'v1', 'bad']));
  expect(condition(world, 'Progressing')).toBe('False RollStopped');
  expect(condition(world, 'Degraded')).toBe('True ImageNotFound');
  expect(condition(world, 'Available')).toBe('True Leading');
  world.deletePod(1);
  await world.rounds(5);
  expect(images(world)).toEqual(expect.arrayContaining(['v1', 'v1', 'bad']));
  expect(world.cluster.status?.readyMembers).toBe(2);
  world.edit({ image: 'v1' });
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual(['v1', 'v1', 'v1']);
  expect(condition(world, 'Degraded')).toBe('False AllWell');
});

test('an operator that would build other pods restarts none; the next change brings them', async () => {
  world = await running(3);
  const graces = () => world.pods.map(({ spec }) => spec?.terminationGracePeriodSeconds);
  const [now] = graces();
  // As if one had been here that gave them longer to end, and made these.
  const set = JSON.stringify(world.statefulSet);
  const older = set.replaceAll(/(terminationGracePeriodSeconds\\*":)\d+/g, '$1999');
  Object.assign(world.statefulSet ?? {}, JSON.parse(older));
  for (const ordinal of [0, 1, 2]) world.deletePod(ordinal);
  await world.rounds(ROUNDS);
  expect(graces()).toEqual([999, 999, 999]);
  expect(world.deeds).toEqual([]);
  world.edit({ image: 'v2' });
  await world.rounds(ROUNDS);
  expect(graces()).toEqual([now, now, now]);
  expect(images(world)).toEqual(['v2', 'v2', 'v2']);
});

test('a roll that stopped goes on with the next image', async () => {
  world = await running(3);
  world.edit({ image: 'bad' });
  await world.rounds(10);
  world.edit({ image: 'v2' });
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual(['v2', 'v2', 'v2']);
});

test('an image that is not there from the beginning is corrected', async () => {
  world = new World();
  world.createCluster({ image: 'bad' });
  await world.rounds(5);
  expect(condition(world, 'Degraded')).toBe('True ImageNotFound');
  expect(world.cluster.status?.phase).toBe('Pending');
  world.edit({ image: 'v1' });
  await world.rounds(ROUNDS);
  expect(world.cluster.status?.readyMembers).toBe(3);
});

test.each([1, 3, 5, 7] as const)('made again over kept volumes, asked for %d', async (replicas) => {
  world = await running(3);
  const { first } = world.paxos ?? {};
  world.deleteCluster();
  world.settle();
  world.createCluster({ replicas });
  await world.rounds(2 * ROUNDS);
  expect(world.paxos?.first).toEqual(first);
  expect(world.paxos?.newest.voters).toHaveLength(replicas);
  expect(world.cluster.status?.readyMembers).toBe(replicas);
});

test('the first configuration is made again from what members say', async () => {
  world = await running(3);
  world.objects.erase('ConfigMap', 'c-first-configuration');
  // Nobody tells the operator, which looks at everything from time to time.
  await world.rounds(ROUNDS);
  expect(world.objects.find('ConfigMap', 'c-first-configuration')).toBeDefined();
});

test('all volumes vanished: it is reported, and no cluster is made in its place', async () => {
  world = await running(3);
  world.deleteCluster();
  for (const ordinal of [0, 1, 2]) world.deleteClaim(ordinal);
  world.settle();
  world.createCluster();
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('True VolumesVanished');
});

test('all volumes vanished, and what it began with: the status still knows of it', async () => {
  world = await running(3);
  world.objects.erase('ConfigMap', 'c-first-configuration');
  for (const ordinal of [0, 1, 2]) world.wipe(ordinal);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('True VolumesVanished');
});

test('all volumes were emptied, and nothing else is left: the notes on them still say so', async () => {
  world = await running(3);
  world.deleteCluster();
  world.objects.erase('ConfigMap', 'c-first-configuration');
  for (const ordinal of [0, 1, 2]) world.wipe(ordinal);
  world.createCluster();
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('True VolumesVanished');
});

test('no cluster begins while a volume is silent: it may belong to one', async () => {
  world = await running(3);
  const nodes = world.pods.map(({ spec }) => spec?.nodeName ?? '');
  world.deleteCluster();
  world.objects.erase('ConfigMap', 'c-first-configuration');
  world.wipe(0);
  for (const node of nodes.slice(1)) world.kubernetes.nodes.set(node, false);
  world.createCluster({ replicas: 1 });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  expect(world.objects.find('ConfigMap', 'c-first-configuration')).toBeUndefined();
  expect(condition(world, 'Progressing')).toBe('True WaitingForMembers');
});

test('nothing is restarted while only the operator does not reach NATS', async () => {
  world = await running(3);
  world.isCutOff = true;
  world.edit({ image: 'v2' });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
  world.isCutOff = false;
  await world.rounds(ROUNDS);
  expect(images(world)).toEqual(['v2', 'v2', 'v2']);
});

test('members of two clusters: nothing is changed', async () => {
  world = await running(3);
  const other = { clusterId: 'other', members: ['x'], window: 16 };
  Object.assign(world.volumeOf(2)?.disk ?? {}, { id: 'x', first: other });
  world.edit({ replicas: 5 });
  await world.rounds(5);
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Degraded')).toBe('True TwoClusters');
});

test('paused: the operator looks on', async () => {
  world = await running(3);
  world.edit({ paused: true, replicas: 5, image: 'v2' });
  await world.rounds(5);
  expect(world.deeds).toEqual([]);
  expect(world.cluster.status?.phase).toBe('Paused');
  expect(condition(world, 'Paused')).toBe('True Asked');
});

test('an object that belongs to somebody else is left alone, and named', async () => {
  world = new World();
  world.objects.put({ kind: 'PodDisruptionBudget', metadata: { name: 'c' }, spec: {} });
  world.createCluster();
  await world.rounds(ROUNDS);
  expect(condition(world, 'Degraded')).toBe('True ForeignObject');
  expect(world.cluster.status?.readyMembers).toBe(3);
  expect(world.objects.find('PodDisruptionBudget', 'c')).toMatchObject({ spec: {} });
});

test('when nothing is to be done, nothing is written', async () => {
  world = await running(3);
  const before = world.cluster.metadata.resourceVersion;
  world.restartOperator();
  world.patience = 0;
  await world.reconcile();
  expect(world.cluster.metadata.resourceVersion).toBe(before);
  expect(world.deeds).toEqual([]);
});
