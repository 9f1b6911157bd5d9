import { condition, ROUNDS, running, silence } from './model/running-cluster.ts';
import type { World } from './model/world.ts';

/* Members that do not reach NATS, while the operator does, and pods that do not run. */

const EVERYBODY = ['c-0', 'c-1', 'c-2'];
const RIGHT = { nats: { url: 'nats://n:4222' } };
const WRONG = { nats: { url: 'nats://bad:4222' } };

function cutOff(world: World, ...pods: string[]): void {
  for (const pod of pods) world.cutOff.add(pod);
}

const deletions = (world: World): string[] =>
  world.deeds.filter((deed) => deed.startsWith('delete Pod'));

/** Twenty seconds later, somebody looks. */
async function look(world: World): Promise<void> {
  world.settle();
  await world.reconcile();
}

/** Each has got settings with which it reaches nothing, and then they are corrected. */
async function corrected(): Promise<World> {
  const world = await running(3);
  world.edit(WRONG);
  await world.rounds(1);
  for (const ordinal of [0, 1, 2]) world.deletePod(ordinal);
  await world.rounds(5);
  expect(world.deeds).toEqual([]);
  world.edit(RIGHT);
  return world;
}

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

test('members lose NATS for a moment during a roll: nobody is restarted for it', async () => {
  world = await running(3);
  world.edit({ image: 'v2' });
  await world.rounds(2);
  expect(deletions(world)).toEqual(['delete Pod c-2']);
  for (let times = 0; times < 3; times += 1) {
    const before = [...world.deeds];
    cutOff(world, ...EVERYBODY);
    await look(world);
    for (let looks = 0; looks < 5; looks += 1) await world.reconcile();
    await look(world);
    expect(world.deeds).toEqual(before);
    world.cutOff.clear();
    await look(world);
  }
  await world.rounds(ROUNDS);
  expect(deletions(world)).toEqual(['delete Pod c-2', 'delete Pod c-1', 'delete Pod c-0']);
});

test('while the operator has no NATS either, nobody counts as cut off', async () => {
  world = await running(3);
  world.edit({ image: 'v2' });
  world.natsUp = false;
  await world.rounds(10);
  // Who comes back a little later than the operator.
  world.natsUp = true;
  cutOff(world, ...EVERYBODY);
  await world.rounds(1);
  expect(world.deeds).toEqual([]);
});

test('settings that cut everybody off, and are corrected: one pod after another', async () => {
  world = await corrected();
  while (world.deeds.length === 0) await look(world);
  for (let looks = 0; looks < 5; looks += 1) await world.reconcile();
  expect(world.deeds).toEqual(['delete Pod c-0']);
  await world.rounds(ROUNDS);
  expect(deletions(world)).toEqual(['delete Pod c-0', 'delete Pod c-1', 'delete Pod c-2']);
  expect(world.cluster.status).toMatchObject({ phase: 'Running', readyMembers: 3 });
  expect(world.cluster.status?.members?.[0]).not.toHaveProperty('cutOffSince');
});

test('… and the next one waits until the one before has had time to connect', async () => {
  world = await corrected();
  world.kubernetes.isSlow = true;
  while (world.deeds.length === 0) await look(world);
  await look(world);
  expect(world.objects.find('Pod', 'c-0')?.status?.podIP).toBeUndefined();
  await look(world);
  expect(world.deeds).toEqual(['delete Pod c-0']);
  world.kubernetes.isSlow = false;
  await world.rounds(ROUNDS);
  expect(world.cluster.status?.readyMembers).toBe(3);
});

test('… also beside a pod that stops for ever on a node that is away', async () => {
  world = await corrected();
  silence(world, 2);
  world.deletePod(2);
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual(['delete Pod c-0', 'delete Pod c-1']);
  expect(condition(world, 'Available')).toBe('True Leading');
});

test('one that is cut off holds a roll up until it is made anew, and that goes on', async () => {
  world = await running(3);
  cutOff(world, 'c-1');
  await world.rounds(5);
  expect(world.deeds).toEqual([]);
  const since = world.cluster.status?.members?.[1]?.cutOffSince;
  expect(since).toBeDefined();
  expect(condition(world, 'NATSReachable')).toBe('False MembersCutOff');
  world.edit({ image: 'v2' });
  await world.rounds(2);
  expect(world.deeds).toEqual(['delete Pod c-1']);
  world.cutOff.clear();
  await world.rounds(ROUNDS);
  expect(deletions(world)).toEqual(['delete Pod c-1', 'delete Pod c-2', 'delete Pod c-0']);
});

test('one that is cut off is not made anew while the others are only just a majority', async () => {
  world = await running(5);
  silence(world, 3);
  cutOff(world, 'c-4');
  world.edit({ image: 'v2' });
  for (let looks = 0; looks < 6; looks += 1) {
    world.settle();
    Object.assign(world.volumeOf(2)?.disk ?? {}, { hasCaughtUp: false });
    await world.reconcile();
  }
  expect(world.deeds).toEqual([]);
  expect(condition(world, 'Progressing')).toBe('True WaitingForConnection');
  await world.rounds(2);
  expect(world.deeds).toEqual(['delete Pod c-4']);
});

test('a pod whose member answers is not taken for one that does not run', async () => {
  world = await running(3);
  for (const pod of world.pods) {
    const state = { waiting: { reason: 'CrashLoopBackOff' } };
    const containerStatuses = [{ name: 'member', state }];
    world.objects.put({ ...pod, status: { ...pod.status, containerStatuses } });
  }
  world.edit({ image: 'v2' });
  await world.rounds(ROUNDS);
  expect(world.deeds).toEqual([]);
});
