import type { V1Pod } from '@kubernetes/client-node';
import type { Observation, Place } from '../../../operator/src/observation/observation.ts';
import { failureOf } from '../../../operator/src/observation/pod-failure.ts';
import { observed } from '../reconcile/model/observed.ts';
import { running } from '../reconcile/model/running-cluster.ts';

/* Why a pod does not run, as conditions have it: a word and a sentence for each. */

let seen: Observation;
beforeAll(async () => {
  seen = await observed(await running());
});

/** The first member's place, with another state of its pod. */
function placeWith(status: V1Pod['status'], more: Partial<Place> = {}): Place {
  const [place] = seen.places;
  return { ...place!, pod: { ...place!.pod, ...(status && { status }) }, ...more };
}

const member = { name: 'member', image: 'synod:1', imageID: '', ready: false, restartCount: 3 };

function waiting(reason: string, message?: string): Place {
  const state = { waiting: { reason, ...(message && { message }) } };
  return placeWith({ containerStatuses: [{ ...member, state }] });
}

function unscheduled(message: string): V1Pod['status'] {
  return { conditions: [{ type: 'PodScheduled', status: 'False', message }] };
}

test.each([
  ['CreateContainerConfigError', 'secret "nats" not found', 'secret "nats" not found.'],
  ['CreateContainerError', 'no command specified.', 'no command specified.'],
  ['RunContainerError', undefined, 'RunContainerError of image synod:1.'],
])('PodConfiguration: %s', (reason, message, sentence) => {
  expect(failureOf(waiting(reason, message), seen.now)).toEqual({
    reason: 'PodConfiguration',
    message: `c-0 does not run: ${sentence}`,
  });
});

test.each(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull'])(
  'ImageNotFound: %s',
  (reason) => {
    expect(failureOf(waiting(reason), seen.now)).toEqual({
      reason: 'ImageNotFound',
      message: `c-0 does not run: ${reason} of image synod:1.`,
    });
  },
);

test('Crashing: with the code that its process ended with', () => {
  const state = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } };
  const lastState = { terminated: { exitCode: 2 } };
  const place = placeWith({ containerStatuses: [{ ...member, state, lastState }] });
  expect(failureOf(place, seen.now)).toEqual({
    reason: 'Crashing',
    message: 'c-0 does not run: its process ended with code 2; its log says why.',
  });
});

describe('of a cluster that is to begin with a snapshot', () => {
  const before = { name: 'restore', image: 'synod:1', imageID: '', ready: false, restartCount: 1 };
  const member0 = { ...member, state: { waiting: { reason: 'PodInitializing' } } };
  const failure = (status: object) =>
    failureOf(
      placeWith({
        initContainerStatuses: [{ ...before, ...status }],
        containerStatuses: [member0],
      }),
      seen.now,
    );
  const terminated = {
    exitCode: 65,
    message: '██ 50 %\nsynod: /snapshot/a.snapshot: It is damaged: its hash does not match.\n',
  };
  const said = {
    reason: 'RestoreFailed',
    message:
      'c-0 does not start: the snapshot is not restored: /snapshot/a.snapshot: It is damaged: its ' +
      'hash does not match.',
  };

  test('RestoreFailed: with the sentence of what restores it, also while it is tried again', () => {
    expect(failure({ state: { terminated } })).toEqual(said);
    const lastState = { terminated };
    const waiting = { reason: 'CrashLoopBackOff' };
    expect(failure({ state: { waiting }, lastState })).toEqual(said);
    expect(failure({ state: { running: {} }, lastState })).toEqual(said);
    expect(failure({ state: { terminated: { exitCode: 1 } } })?.message).toMatch(/exit code 1;/);
  });

  test('once it is restored, or while it is, nothing is wrong', () => {
    const lastState = { terminated };
    expect(failure({ state: { terminated: { exitCode: 0 } }, lastState })).toBeUndefined();
    expect(failure({ state: { running: {} } })).toBeUndefined();
    expect(failure({ state: { waiting: { reason: 'PodInitializing' } } })).toBeUndefined();
  });

  test('ImageNotFound: it is the first that needs the image', () => {
    expect(failure({ state: { waiting: { reason: 'ImagePullBackOff' } } })).toEqual({
      reason: 'ImageNotFound',
      message: 'c-0 does not run: ImagePullBackOff of image synod:1.',
    });
  });
});

test.each([
  ['Unschedulable', 'node', '0/3 nodes are available: 3 Insufficient cpu.'],
  ['Unschedulable', 'node', '0/3 nodes are available: 3 node(s) had untolerated taint {a: b}'],
  [
    'NoVolume',
    'volume',
    '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
  ],
  [
    ...(['NoVolume', 'volume'] as const),
    "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind.",
  ],
  ['NoVolume', 'volume', '0/3 nodes are available: 1 node(s) had volume node affinity conflict.'],
  ['NoVolume', 'volume', 'persistentvolumeclaim "data-c-0" not found'],
])('%s: it finds no %s: %s', (reason, what, said) => {
  expect(failureOf(placeWith(unscheduled(said)), seen.now)).toEqual({
    reason,
    message: `c-0 finds no ${what}: ${said.replace(/\.$/, '')}.`,
  });
});

test('FailedMount: what Kubernetes said last of a pod that does not start', () => {
  const warnings = [
    { reason: 'FailedMount', message: 'secret "old" not found' },
    { reason: 'FailedMount', message: 'secret "nats" not found' },
    { reason: 'BackOff', message: 'something else' },
  ];
  expect(failureOf(placeWith({}, { warnings }), seen.now)).toEqual({
    reason: 'FailedMount',
    message: 'c-0 does not start: secret "nats" not found.',
  });
});

test('one that runs, stops, has not been made, or may yet find a node has not failed', () => {
  const [well] = seen.places;
  const unready = placeWith(unscheduled('0/3 nodes are available.'));
  const born = new Date(unready.pod?.metadata?.creationTimestamp ?? 0).getTime();
  expect(failureOf(well!, seen.now)).toBeUndefined();
  expect(failureOf({ ...unready, pod: undefined }, seen.now)).toBeUndefined();
  expect(failureOf(unready, born + 15_000)).toBeUndefined();
  expect(failureOf(unready, born + 15_001)).toBeDefined();
  const metadata = { ...unready.pod?.metadata, deletionTimestamp: new Date() };
  expect(failureOf({ ...unready, pod: { ...unready.pod, metadata } }, seen.now)).toBeUndefined();
});
