import { ballot } from '../paxos/samples.ts';
import type { Ballot } from '../../../node/src/paxos/ballot.ts';
import { Quota, quotaBytesOf } from '../../../node/src/service/quota.ts';

const GIB = 1024 ** 3;
const MINE = ballot('3.a');

/** A member whose state may take 100 bytes; what it would have the log say is in `decided`. */
function member(usedBytes: number) {
  const decided: boolean[] = [];
  const world = { bytes: 100, usedBytes, isReached: false, isRule: true };
  const ports = {
    bytes: () => world.bytes,
    usedBytes: () => world.usedBytes,
    isReached: () => world.isReached,
    isRule: () => world.isRule,
    decide: (isReached: boolean) => decided.push(isReached),
  };
  const quota = new Quota(ports, 50);
  return {
    world,
    decided,
    /** Long enough for one look. */
    look: (at: Ballot | 'not leading' = MINE): void => {
      for (let i = 0; i < 2; i++) quota.tick(at === 'not leading' ? undefined : at);
    },
    /** The log says so. */
    apply: (isReached: boolean): void => {
      world.isReached = isReached;
      quota.applied();
    },
    get alarms() {
      return quota.alarms.map(({ code }) => code);
    },
  };
}

test('who leads has the log say that it is reached, once, and that there is room again', () => {
  const { world, decided, look, apply } = member(99);
  look();
  expect(decided).toEqual([]);
  world.usedBytes = 100;
  look();
  look();
  expect(decided).toEqual([true]);
  apply(true);
  look();
  expect(decided).toEqual([true]);
  world.usedBytes = 90; // Some room, and no more: it would come and go.
  look();
  expect(decided).toEqual([true]);
  world.usedBytes = 89;
  look();
  expect(decided).toEqual([true, false]);
});

test('it is over, too, when the state may take more', () => {
  const { world, decided, look, apply } = member(100);
  look();
  apply(true);
  world.bytes = 200;
  look();
  expect(decided).toEqual([true, false]);
});

test('who does not lead decides nothing; who leads anew proposes anew', () => {
  const { decided, look } = member(100);
  look('not leading');
  expect(decided).toEqual([]);
  look(MINE);
  look('not leading');
  look(MINE);
  look(ballot('4.a'));
  expect(decided).toEqual([true, true, true]);
});

test('nothing is decided while a version is in force that has no such rule', () => {
  const { world, decided, look } = member(100);
  world.isRule = false;
  look();
  expect(decided).toEqual([]);
});

test('each member warns before, and says while it is reached', () => {
  const place = member(79);
  place.look('not leading');
  expect(place.alarms).toEqual([]);
  place.world.usedBytes = 80;
  place.look('not leading');
  expect(place.alarms).toEqual(['quota-near']);
  place.world.usedBytes = 76;
  place.look('not leading');
  expect(place.alarms).toEqual(['quota-near']);
  place.world.usedBytes = 74;
  place.look('not leading');
  expect(place.alarms).toEqual([]);
  place.apply(true);
  expect(place.alarms).toEqual(['quota-reached']);
});

test('what is not set is two fifths of the disk, and 8 GiB at most', () => {
  expect(quotaBytesOf(5, GIB)).toBe(5);
  expect(quotaBytesOf(undefined, 10 * GIB)).toBe(4 * GIB);
  expect(quotaBytesOf(undefined, 100 * GIB)).toBe(8 * GIB);
  expect(quotaBytesOf(undefined)).toBe(8 * GIB);
  expect(quotaBytesOf(undefined, 0)).toBe(8 * GIB); // A file system that does not say.
});
