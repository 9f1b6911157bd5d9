import type { ConditionType } from '../../../operator/src/api/status.ts';
import type { Observation, Place } from '../../../operator/src/observation/observation.ts';
import { nothing, type Outcome } from '../../../operator/src/verdict/outcome.ts';
import { statusOf } from '../../../operator/src/status/status.ts';
import { observed } from '../reconcile/model/observed.ts';
import { running } from '../reconcile/model/running-cluster.ts';

/* What a person is told: the reason and the sentence of each condition. */

let well: Observation;
beforeAll(async () => {
  well = await observed(await running());
});

/** Like `True Leading: c-0 leads; …`. */
function say(type: ConditionType, seen: Observation, outcome: Partial<Outcome> = {}): string {
  const { conditions } = statusOf(seen, { ...nothing, ...outcome });
  const found = conditions?.find((each) => each.type === type);
  return `${found?.status ?? ''} ${found?.reason ?? ''}: ${found?.message ?? ''}`;
}

function withPlace(ordinal: number, change: (place: Place) => Partial<Place>): Observation {
  const places = well.places.map((place) =>
    place.ordinal === ordinal ? { ...place, ...change(place) } : place,
  );
  return { ...well, places };
}

test('three members that are well', () => {
  expect(say('Available', well)).toBe(
    'True Leading: c-0 leads; 3 of 3 voters are well, 1 may fail.',
  );
  expect(say('Degraded', well)).toBe('False AllWell: Nothing is amiss.');
  expect(say('Progressing', well)).toBe('False Settled: Everything is as the spec asks for.');
  expect(say('NATSReachable', well)).toBe(
    'True Connected: The operator and the members reach NATS.',
  );
});

test('SharedNode: two voters on one node', () => {
  const nodeName = well.places[1]?.pod?.spec?.nodeName;
  const seen = withPlace(2, ({ pod }) => ({
    pod: { ...pod, spec: { containers: [], ...pod?.spec, ...(nodeName && { nodeName }) } },
  }));
  const lost = `paxos.synod.dev/lost=c-2=${seen.places[2]?.status?.member ?? ''}`;
  expect(say('Degraded', seen)).toBe(
    `True SharedNode: c-1 and c-2 are on one node, ${nodeName ?? ''}: they would fail, and be ` +
      'drained, together. While everybody is well and another node has room, c-2 can begin anew, as ' +
      'a new member with a new volume: kubectl annotate --overwrite --namespace n paxoscluster c ' +
      lost,
  );
});

test('MembersCutOff: members that do not reach NATS, which the operator does', () => {
  const statuses = well.statuses.map((status) => ({
    ...status,
    natsConnected: status.name === 'c-0',
  }));
  expect(say('NATSReachable', { ...well, statuses })).toBe(
    'False MembersCutOff: The operator reaches NATS, and c-1, c-2 do not.',
  );
});

test('QuotaExceeded: a pod that Kubernetes does not make', () => {
  const [place] = well.places;
  const none = { pod: undefined, volume: undefined, status: undefined, isSeen: false };
  const fourth: Place = { ...place!, ...none, ordinal: 3, name: 'c-3' };
  const said = 'pods "c-3" is forbidden: exceeded quota: few, requested: pods=1, used: pods=3';
  const warnings = [{ reason: 'FailedCreate', message: said }];
  const seen = { ...well, places: [...well.places, fourth] };
  expect(say('Degraded', seen)).toBe('False AllWell: Nothing is amiss.');
  expect(say('Degraded', { ...seen, warnings })).toBe(
    `True QuotaExceeded: c-3 is not made: ${said}.`,
  );
});

test('what a pod does not run for is said of it', () => {
  const seen = withPlace(2, ({ pod }) => ({
    pod: { ...pod, status: {} },
    status: undefined,
    isSeen: false,
    warnings: [{ reason: 'FailedMount', message: 'secret "nats" not found' }],
  }));
  expect(say('Degraded', seen)).toBe(
    'True FailedMount: c-2 does not start: secret "nats" not found.',
  );
});

test('what the API server refuses is said in both conditions', () => {
  const problems = [{ reason: 'QuotaExceeded', message: 'The quota of services is used up.' }];
  expect(say('Progressing', well, { problems })).toBe(
    'False QuotaExceeded: The quota of services is used up.',
  );
  expect(say('Degraded', well, { problems })).toBe(
    'True QuotaExceeded: The quota of services is used up.',
  );
});
