import type { MemberStatus } from '../../../contract/src/status.ts';
import {
  decided,
  isWell,
  type Observation,
} from '../../../operator/src/observation/observation.ts';
import { observed } from '../reconcile/model/observed.ts';
import { running } from '../reconcile/model/running-cluster.ts';

let seen: Observation;

beforeEach(async () => {
  seen = await observed(await running());
});

test('what a leader knows counts only while nobody knows of something newer', () => {
  const known = decided(seen);
  expect(known?.leader.name).toBe('c-0');
  expect(known?.lists.voters).toHaveLength(3);
  const [leader, follower, third] = seen.statuses;
  const later = { ...follower!, configuration: follower!.configuration + 1 };
  expect(decided({ ...seen, statuses: [leader!, later, third!] })).toBeUndefined();
  const earlier = { ...follower!, configuration: follower!.configuration - 1 };
  expect(decided({ ...seen, statuses: [leader!, earlier, third!] })).toEqual(known);
});

test('nothing is decided for an operator that does not reach NATS', () => {
  expect(decided({ ...seen, natsDown: 'it is away' })).toBeUndefined();
});

test.each<[string, Partial<MemberStatus>]>([
  ['is not ready', { ready: false }],
  ['has no connection', { natsConnected: false }],
  ['is damaged', { role: 'damaged' }],
  ['was told no cluster', { role: 'unformed' }],
  ['lags behind the window', { slotOut: 1_000 - 16 - 1 }],
])('a member that %s is not well', (_, its) => {
  const leader = decided(seen)?.leader;
  const place = seen.places[1]!;
  expect(isWell(place, leader)).toBe(true);
  expect(isWell({ ...place, status: { ...place.status!, ...its } }, leader)).toBe(false);
});

test('nor is one that is silent, or stops, or of which no leader says how far it should be', () => {
  const leader = decided(seen)?.leader;
  const place = seen.places[1]!;
  const metadata = { ...place.pod?.metadata, deletionTimestamp: new Date() };
  expect(isWell({ ...place, status: undefined }, leader)).toBe(false);
  expect(isWell({ ...place, pod: { ...place.pod, metadata } }, leader)).toBe(false);
  expect(isWell(place, undefined)).toBe(false);
});
