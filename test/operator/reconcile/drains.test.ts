import type { V1PodDisruptionBudget } from '@kubernetes/client-node';
import { drainsOf } from '../../../operator/src/observation/drains.ts';
import type { Observation, Place } from '../../../operator/src/observation/observation.ts';
import { isReady } from '../../../operator/src/observation/unready-pods.ts';
import { disruptionBudget } from '../../../operator/src/resources/disruption-budget.ts';
import { observed } from './model/observed.ts';
import { idAt, ROUNDS, running, silence } from './model/running-cluster.ts';
import { World } from './model/world.ts';

/* A drain never costs the quorum, and never waits for what does not come. */

let world: World;
afterEach(() => expect(world.violations).toEqual([]));

/** As the API server and its controller have it, of a budget that is up to date. */
function mayEvict(ordinal: number, budget = budgetNow()): boolean {
  const { maxUnavailable = 0, unhealthyPodEvictionPolicy, selector } = budget.spec ?? {};
  const free = selector?.matchExpressions?.flatMap(({ values = [] }) => values) ?? [];
  const name = `c-${ordinal}`;
  if (free.includes(name)) return true;
  const pod = world.pods.find(({ metadata }) => metadata?.name === name);
  const selected = world.pods.filter(({ metadata }) => !free.includes(metadata?.name ?? ''));
  const desired = (world.statefulSet?.spec?.replicas ?? 0) - Number(maxUnavailable);
  const healthy = selected.filter(isReady).length;
  if (pod === undefined || pod.status?.podIP === undefined) return true;
  if (!isReady(pod)) {
    if (unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
    if (healthy >= desired && desired > 0) return true;
  }
  return healthy > desired;
}

function budgetNow(): V1PodDisruptionBudget {
  return world.objects.find('PodDisruptionBudget', 'c') as V1PodDisruptionBudget;
}

const evictable = (): number[] =>
  world.pods.map((_, ordinal) => ordinal).filter((it) => mayEvict(it));

test('of three that are well, any may go, one at a time', async () => {
  world = await running(3);
  expect(budgetNow().spec).toMatchObject({ maxUnavailable: 1 });
  expect(evictable()).toEqual([0, 1, 2]);
});

test('while one is cut off, only that one may go, paused or not; and then any again', async () => {
  world = await running(3);
  for (const paused of [false, true]) {
    world.edit({ paused });
    world.cutOff.add('c-1');
    await world.rounds(2);
    expect(budgetNow().spec).toMatchObject({ maxUnavailable: 0 });
    expect(evictable()).toEqual([1]);
    world.cutOff.clear();
    await world.rounds(3);
    expect(evictable()).toEqual([0, 1, 2]);
  }
});

test('while a node is away, its pod may go, and no other one', async () => {
  world = await running(3);
  silence(world, 2);
  await world.rounds(2);
  expect(evictable()).toEqual([2]);
});

test('while NATS is away, or the quorum is lost, none may go', async () => {
  world = await running(3);
  world.natsUp = false;
  await world.rounds(2);
  expect(evictable()).toEqual([]);
  world.natsUp = true;
  await world.rounds(3);
  expect(evictable()).toEqual([0, 1, 2]);
  for (const ordinal of [1, 2]) silence(world, ordinal);
  await world.rounds(2);
  expect(mayEvict(0)).toBe(false);
});

test('where the operator alone is cut off from NATS, it sees the members at their addresses', async () => {
  world = await running(3);
  world.isCutOff = true;
  await world.rounds(2);
  expect(evictable()).toEqual([0, 1, 2]);
  world.cutOff.add('c-1');
  await world.rounds(2);
  expect(evictable()).toEqual([1]);
});

test('the pod at which a roll stopped may go, and no other one', async () => {
  world = await running(3);
  world.edit({ image: 'bad' });
  await world.rounds(ROUNDS);
  expect(mayEvict(2)).toBe(true);
  expect([0, 1].filter((it) => mayEvict(it))).toEqual([]);
});

test('a member alone may always go, also one that never is ready', async () => {
  world = await running(1);
  expect(evictable()).toEqual([0]);
  world.cutOff.add('c-0');
  await world.rounds(2);
  expect(evictable()).toEqual([0]);
});

test('a cluster that never formed holds up no drain', async () => {
  world = new World();
  world.natsUp = false;
  world.createCluster();
  await world.rounds(5);
  expect(world.pods).toHaveLength(3);
  expect(evictable()).toEqual([0, 1, 2]);
});

test('while a learner comes to vote, only that one may go', async () => {
  world = await running(3);
  world.edit({ replicas: 5 });
  const promoted = () => world.deeds.some((deed) => deed.startsWith('promote'));
  while (!world.deeds.some((deed) => deed.startsWith('add'))) await world.rounds(1);
  await world.reconcile();
  expect(promoted() || !mayEvict(0)).toBe(true);
  await world.rounds(ROUNDS);
  expect(evictable()).toEqual([0, 1, 2, 3, 4]);
});

describe('a pod may be ready, and its member not be well', () => {
  let well: Observation;
  beforeEach(async () => {
    world = await running(3);
    well = await observed(world);
  });

  function withStatus(ordinal: number, change: object): Observation {
    const places = well.places.map((place): Place => {
      if (place.ordinal !== ordinal || place.status === undefined) return place;
      return { ...place, status: { ...place.status, ...change } };
    });
    return { ...well, places, statuses: places.flatMap(({ status }) => status ?? []) };
  }

  test.each([
    ['behind', { slotOut: 1 }],
    ['cut off', { natsConnected: false }],
    ['not ready', { ready: false }],
    ['damaged', { role: 'damaged' }],
  ])('%s', (_, change) => {
    const drains = drainsOf(withStatus(1, change));
    expect(drains).toEqual({ type: 'only', pods: ['c-1'] });
    const budget = disruptionBudget(well.cluster, drains);
    expect([0, 1, 2].filter((it) => mayEvict(it, budget))).toEqual([1]);
  });

  test('not heard by the leader', () => {
    const leader = well.statuses.find(({ role }) => role === 'leader');
    const unheard = idAt(world, leader?.name === 'c-1' ? 2 : 1);
    const seen = withStatus(Number(leader?.name.slice(2)), { unheard: [unheard] });
    expect(drainsOf(seen).type).toBe('only');
  });

  test('two of three are behind: all are needed', () => {
    const one = withStatus(1, { slotOut: 1 });
    const places = one.places.map((place) =>
      place.ordinal === 2 && place.status !== undefined
        ? { ...place, status: { ...place.status, slotOut: 1 } }
        : place,
    );
    expect(drainsOf({ ...one, places })).toEqual({ type: 'only', pods: [] });
  });
});
