import { ConflictError } from '../../../operator/src/kube/api-error.ts';
import type { Action } from '../../../operator/src/verdict/action.ts';
import type { Observation } from '../../../operator/src/observation/observation.ts';
import { observe } from '../../../operator/src/observation/observe.ts';
import { perform } from '../../../operator/src/reconcile/perform.ts';
import type { ObjectKind, Ports } from '../../../operator/src/ports.ts';
import { idAt, running } from './model/running-cluster.ts';
import type { World } from './model/world.ts';

/* What was looked at may be another object by the time that something is done to it. */

let world: World;
let ports: Ports;
let seen: Observation;

beforeEach(async () => {
  world = await running(3);
  ports = {
    objects: world.objects,
    members: world,
    events: { record: () => Promise.resolve() },
    now: () => seen.now,
    newClusterId: () => 'never',
  };
  seen = await observe({ ...ports, now: () => Date.UTC(2031, 0, 1) }, world.cluster);
});

/** Another object of the same name. */
function makeAgain(kind: ObjectKind, name: string): void {
  const object = world.objects.find(kind, name)!;
  world.objects.erase(kind, name);
  world.objects.put(object);
}

/** The same object, of which somebody has changed something. */
function change(kind: ObjectKind, name: string): void {
  const object = world.objects.find(kind, name)!;
  const labels = { ...object.metadata?.labels, changed: 'yes' };
  world.objects.put({ ...object, metadata: { ...object.metadata, labels } });
}

const place = () => seen.places[2]!;
const CLAIM = 'PersistentVolumeClaim';
const actions: Record<string, readonly [() => Action, ObjectKind, string]> = {
  'delete-pod': [() => ({ type: 'delete-pod', place: place() }), 'Pod', 'c-2'],
  'delete-volume': [
    () => ({
      type: 'delete-volume',
      place: place(),
      member: undefined,
      configuration: 0,
      withPod: true,
    }),
    CLAIM,
    'data-c-2',
  ],
  record: [() => ({ type: 'record', place: place(), member: 'x' }), CLAIM, 'data-c-2'],
  'forget-member': [() => ({ type: 'forget-member', place: place() }), CLAIM, 'data-c-2'],
  'grow-volume': [() => ({ type: 'grow-volume', place: place(), size: '99Gi' }), CLAIM, 'data-c-2'],
  remake: [() => ({ type: 'remake' }), 'StatefulSet', 'c'],
  scale: [() => ({ type: 'scale', replicas: 4 }), 'StatefulSet', 'c'],
  'forget-first': [
    () => ({ type: 'forget-first', map: seen.map! }),
    'ConfigMap',
    'c-first-configuration',
  ],
};
const all = Object.entries(actions).map(([name, rest]) => [name, ...rest] as const);

test.each(all)('%s touches no other object of the same name', async (_, action, kind, name) => {
  makeAgain(kind, name);
  const before = world.objects.find(kind, name);
  await expect(perform(ports, seen, action())).rejects.toThrow(ConflictError);
  expect(world.objects.find(kind, name)).toEqual(before);
});

// A pod is replaced for what it is: it may have said something new of itself meanwhile.
test.each(all.filter(([, , kind]) => kind !== 'Pod'))(
  '%s touches no object that has changed since',
  async (_, action, kind, name) => {
    change(kind, name);
    const before = world.objects.find(kind, name);
    await expect(perform(ports, seen, action())).rejects.toThrow(ConflictError);
    expect(world.objects.find(kind, name)).toEqual(before);
  },
);

test('a volume goes only when the configuration without its member has settled', async () => {
  const member = idAt(world, 2);
  const { paxos } = world;
  paxos!.isSlow = true;
  const request = { step: 'remove', member, base: paxos!.newest.number, force: false } as const;
  await ports.members.change(world.cluster, request);
  const configuration = paxos!.newest.number;
  const action = () =>
    ({ type: 'delete-volume', place: place(), member, configuration, withPod: true }) as const;
  const refusal = await perform(ports, seen, action());
  expect(refusal?.reason).toBe('NotSettled');
  expect(world.objects.find(CLAIM, 'data-c-2')?.metadata?.deletionTimestamp).toBeUndefined();
  world.settle();
  seen = await observe(ports, world.cluster);
  expect(await perform(ports, seen, action())).toBeUndefined();
  expect(world.objects.find(CLAIM, 'data-c-2')?.metadata?.deletionTimestamp).toBeDefined();
});
