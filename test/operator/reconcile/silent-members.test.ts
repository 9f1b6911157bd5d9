import type { MemberStatus } from '../../../contract/src/status.ts';
import type { Observation, Place } from '../../../operator/src/observation/observation.ts';
import { restartSilent } from '../../../operator/src/reconcile/silent-members.ts';
import { observed } from './model/observed.ts';
import { idAt, running } from './model/running-cluster.ts';

/* Of three, c-0 leads and c-1 hangs: each condition under which that one is not restarted. */

let seen: Observation;
let [silent, other] = ['', ''];

beforeEach(async () => {
  const world = await running(3);
  [silent, other] = [idAt(world, 1), idAt(world, 2)];
  world.hang(1);
  for (let times = 0; times < 5; times += 1) world.settle();
  seen = await observed(world);
});

function withPlace(ordinal: number, change: (place: Place) => Partial<Place>): Observation {
  const places = seen.places.map((place) =>
    place.ordinal === ordinal ? { ...place, ...change(place) } : place,
  );
  return { ...seen, places };
}

function withStatus(name: string, its: Partial<MemberStatus>): Observation {
  const changed = (status: MemberStatus) => (status.name === name ? { ...status, ...its } : status);
  const places = seen.places.map((place) => ({
    ...place,
    status: place.status && changed(place.status),
  }));
  return { ...seen, places, statuses: seen.statuses.map(changed) };
}

test('whom neither operator nor leader hears is restarted', () => {
  expect(restartSilent(seen)).toMatchObject({ action: { type: 'delete-pod' } });
});

test.each(['ready', 'natsConnected'] as const)('not where another one is not %s', (field) => {
  expect(restartSilent(withStatus('c-2', { [field]: false }))).toBeUndefined();
});

test('not where the leader does not hear another one, either', () => {
  expect(restartSilent(withStatus('c-0', { unheard: [silent, other] }))).toBeUndefined();
});

test('not where it still answers from somewhere, or somebody answers from its pod', () => {
  const [voice] = seen.statuses.filter(({ name }) => name === 'c-2');
  for (const its of [
    { name: 'elsewhere', member: silent },
    { name: 'c-1', member: 'x' },
  ]) {
    const statuses = [...seen.statuses, { ...voice!, ...its }];
    expect(restartSilent({ ...seen, statuses })).toBeUndefined();
  }
});

test('not where its pod stops already, or its container does not run', () => {
  const stops = withPlace(1, ({ pod }) => ({
    pod: { ...pod, metadata: { ...pod?.metadata, deletionTimestamp: new Date() } },
  }));
  expect(restartSilent(stops)).toBeUndefined();
  const crashes = withPlace(1, ({ pod }) => ({ pod: { ...pod, status: {} } }));
  expect(restartSilent(crashes)).toBeUndefined();
});
