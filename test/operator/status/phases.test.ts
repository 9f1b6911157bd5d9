import { condition, ROUNDS, running, silence } from '../reconcile/model/running-cluster.ts';
import { World } from '../reconcile/model/world.ts';

/* One look at phase and conditions tells whether anybody has to do anything. */

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

const phase = (): string | undefined => world.cluster.status?.phase;

/** Phase, and the conditions in the columns of kubectl. */
const told = (): string[] => [
  phase() ?? '',
  ...(['Ready', 'Available', 'Degraded'] as const).map((type) => condition(world, type)),
];

test('three members that are well', async () => {
  world = await running(3);
  expect(told()).toEqual(['Running', 'True AllWell', 'True Leading', 'False AllWell']);
});

test('members that were never made one cluster', async () => {
  world = new World();
  world.createCluster({ image: 'bad' });
  await world.rounds(5);
  expect(phase()).toBe('Pending');
  expect(condition(world, 'Ready')).toBe('False NotFormed');
});

test('NATS is away, look after look', async () => {
  world = await running(3);
  world.natsUp = false;
  await world.rounds(5);
  const [now, ready, available, degraded] = told();
  expect([now, ready]).toEqual(['Unavailable', 'Unknown NATSUnreachable']);
  expect([available, degraded]).toEqual(['Unknown NATSUnreachable', 'True CutOff']);
  world.natsUp = true;
  await world.rounds(5);
  expect(told()).toEqual(['Running', 'True AllWell', 'True Leading', 'False AllWell']);
});

test('the operator alone is cut off from NATS: the cluster serves', async () => {
  world = await running(3);
  world.isCutOff = true;
  await world.rounds(5);
  const [now, ...conditions] = told();
  expect(now).toBe('Degraded');
  expect(conditions).toEqual(['True AllWell', 'True Leading', 'True NATSUnreachable']);
  expect(condition(world, 'Progressing')).toBe('False NATSUnreachable');
});

test('nobody leads, though all answer, look after look', async () => {
  world = await running(3);
  world.hasSteppedDown = true;
  await world.rounds(5);
  expect(told()).toEqual(['Unavailable', 'False NoLeader', 'False NoLeader', 'True NoLeader']);
});

test('one is cut off, or silent', async () => {
  world = await running(3);
  world.cutOff.add('c-1');
  await world.rounds(3);
  expect(told()).toEqual(['Degraded', 'False VotersNotWell', 'True Leading', 'True CutOff']);
  world.cutOff.clear();
  silence(world, 2);
  await world.rounds(3);
  expect(phase()).toBe('Degraded');
  expect(condition(world, 'Ready')).toBe('False VotersNotWell');
});

test('members of two clusters', async () => {
  world = await running(3);
  const other = { clusterId: 'other', members: ['x'], window: 16 };
  Object.assign(world.volumeOf(2)?.disk ?? {}, { id: 'x', first: other });
  await world.rounds(5);
  expect(told()).toEqual(['Stopped', 'False TwoClusters', 'True Leading', 'True TwoClusters']);
});

test('a roll that stopped', async () => {
  world = await running(3);
  world.edit({ image: 'bad' });
  await world.rounds(ROUNDS);
  expect(phase()).toBe('Stopped');
  expect(condition(world, 'Ready')).toBe('False RollStopped');
  expect(condition(world, 'Available')).toBe('True Leading');
  expect(world.cluster.status?.conditions?.find(({ type }) => type === 'Degraded')).toMatchObject({
    status: 'True',
    message: expect.stringContaining('the roll is stopped') as string,
  });
});

test('volumes grow', async () => {
  world = await running(3);
  world.resize('16Gi');
  await world.rounds(1);
  expect(phase()).toBe('Growing');
  expect(condition(world, 'Ready')).toBe('False GrowingVolume');
});

test('paused: it is ready if it is as the spec asks for', async () => {
  world = await running(3);
  world.edit({ paused: true });
  await world.rounds(2);
  expect(told().slice(0, 2)).toEqual(['Paused', 'True AllWell']);
  world.edit({ replicas: 5 });
  await world.rounds(2);
  expect(told().slice(0, 2)).toEqual(['Paused', 'False AnotherSize']);
  world.edit({ replicas: 3, image: 'v2' });
  await world.rounds(2);
  expect(told().slice(0, 2)).toEqual(['Paused', 'False PodsNotUpToDate']);
});

test('whoever waits for Ready waits until a change has come to every member', async () => {
  world = await running(3);
  for (const spec of [{ image: 'v2' }, { replicas: 5 }, { replicas: 3 }] as const) {
    world.edit(spec);
    let looks = 0;
    for (; looks < 100; looks += 1) {
      await world.rounds(1);
      const { status, metadata } = world.cluster;
      const isCurrent = status?.observedGeneration === metadata.generation;
      if (isCurrent && condition(world, 'Ready').startsWith('True')) break;
      expect(status?.observedGeneration).toBeDefined();
    }
    expect(looks).toBeGreaterThan(3);
    expect(looks).toBeLessThan(100);
    const { replicas, image } = world.cluster.spec;
    expect(world.pods.map((pod) => pod.spec?.containers[0]?.image)).toEqual(
      Array.from({ length: replicas }, () => image),
    );
    expect(world.paxos?.newest.voters).toHaveLength(replicas);
  }
});
