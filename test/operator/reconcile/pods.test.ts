import type { Observation, Place } from '../../../operator/src/observation/observation.ts';
import { neededReplicas } from '../../../operator/src/reconcile/pods.ts';
import { observed } from './model/observed.ts';
import { running } from './model/running-cluster.ts';

/* How many pods there are to be. The spec of these three members asks for five. */

let seen: Observation;

beforeEach(async () => {
  const world = await running(3);
  world.edit({ replicas: 5 });
  seen = await observed(world);
});

function scaled(replicas: number | undefined): Observation {
  const { statefulSet: set } = seen;
  if (set?.spec === undefined || replicas === undefined) return { ...seen, statefulSet: undefined };
  return { ...seen, statefulSet: { ...set, spec: { ...set.spec, replicas } } };
}

/** Without a StatefulSet, and with another last place. */
function withLast(its: Partial<Place>): Observation {
  const places = seen.places.map((place) => (place.ordinal === 2 ? { ...place, ...its } : place));
  return { ...scaled(undefined), places };
}

test('as many as there are, and as volumes and members need', () => {
  expect(neededReplicas(seen)).toBe(3);
  expect(neededReplicas(scaled(1))).toBe(3);
  expect(neededReplicas(scaled(4))).toBe(4);
  expect(neededReplicas(scaled(undefined))).toBe(3);
});

test('where nothing is there, as many as the cluster began with, or else the spec asks for', () => {
  const gone = { ...scaled(undefined), places: [], statuses: [] };
  expect(neededReplicas(gone)).toBe(3);
  expect(neededReplicas({ ...gone, first: undefined })).toBe(5);
});

test('a volume needs its pod, whoever is in it; one that is being deleted does not', () => {
  const [, , last] = seen.places;
  const metadata = { ...last?.volume?.metadata, annotations: {} };
  const volume = { ...last?.volume, metadata };
  expect(neededReplicas(withLast({ status: undefined, volume }))).toBe(3);
  const leaving = { ...volume, metadata: { ...metadata, deletionTimestamp: new Date() } };
  expect(neededReplicas(withLast({ status: undefined, volume: leaving }))).toBe(2);
});

test('a member needs its pod, also while its volume is being deleted', () => {
  const [, , last] = seen.places;
  const deletionTimestamp = new Date();
  const metadata = { ...last?.volume?.metadata, deletionTimestamp };
  const volume = { ...last?.volume, metadata };
  expect(neededReplicas(withLast({ status: undefined, volume }))).toBe(3);
  const unnoted = { ...volume, metadata: { ...metadata, annotations: {} } };
  expect(neededReplicas(withLast({ volume: unnoted }))).toBe(3);
});
