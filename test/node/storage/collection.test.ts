import { until } from '../../../cli/src/bench/until.ts';
import type { LogRecord } from '../../../node/src/paxos/effects.ts';
import { DamageError } from '../../../node/src/storage/damage.ts';
import type { Log } from '../../../node/src/storage/log.ts';
import { ballot, pvalue } from '../paxos/samples.ts';
import { append, diskPlace, memoryPlace, open, stateAt, type LogPlace } from './log-places.ts';

const SLOTS = 60;

function accepted(slot: number): LogRecord {
  return { type: 'accepted', ...pvalue('1.a', slot, `${slot}`.padEnd(1000, 'x')) };
}

/** A log of several segments, its ballots and mark in the first one. */
async function filled(place: LogPlace): Promise<Log> {
  const { log } = open(place);
  await append(log, [
    { type: 'ballot', ballot: ballot('7.c') },
    { type: 'leader-ballot', ballot: ballot('6.a') },
    { type: 'decided-mark', slot: SLOTS },
  ]);
  for (let slot = 0; slot < SLOTS; slot++) await append(log, [accepted(slot)]);
  return log;
}

function slots(log: Log, from: number, to: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    log.read(from, to, 1e6, (error, stored) => {
      if (error === undefined) resolve(stored.map(({ slot }) => slot));
      else reject(error);
    });
  });
}

const failed = (error: Error): never => {
  throw error;
};

async function untilFilesAre(place: LogPlace, count: number): Promise<void> {
  await until(`${count} files`, 5_000, () => place.names().length <= count || undefined);
  expect(place.names()).toHaveLength(count);
}

describe.each([
  ['disk', diskPlace],
  ['memory', memoryPlace],
])('%s', (_, makePlace) => {
  let place: LogPlace;
  let log: Log;
  beforeEach(async () => {
    place = makePlace();
    log = await filled(place);
  });
  afterEach(async () => {
    await log.close();
    place.clean();
  });

  async function collect(floor: number): Promise<number> {
    const slot = log.collectable(floor);
    await append(log, [{ type: 'floor', slot }]);
    log.collect(slot, failed);
    return slot;
  }

  async function reopen(
    options: Parameters<typeof open>[1] = {},
  ): Promise<ReturnType<typeof open>> {
    await log.close();
    const opened = open(place, options);
    ({ log } = opened);
    return opened;
  }

  test('whole segments below the floor go, and nothing above it', async () => {
    const before = place.names().length;
    const { bytes } = log;
    const first = await collect(40);
    expect(first).toBeGreaterThan(20);
    expect(first).toBeLessThanOrEqual(40);
    const left = before - Math.floor((bytes - log.bytes) / (16 * 1024));
    expect(left).toBeLessThan(before);
    await untilFilesAre(place, left);
    expect(log.first).toBe(first);
    expect(await slots(log, 0, SLOTS)).toEqual(
      Array.from({ length: SLOTS - first }, (_, i) => first + i),
    );
  });

  test('A1, A2: ballots and marks of a segment that went are found all the same', async () => {
    const first = await collect(40);
    const { recovered } = await reopen({ state: stateAt(50) });
    expect(recovered).toMatchObject({
      ballot: ballot('7.c'),
      leaderBallot: ballot('6.a'),
      decidedMark: SLOTS,
      floor: first,
    });
    expect(recovered.stored.map(({ slot }) => slot)).toEqual([
      50, 51, 52, 53, 54, 55, 56, 57, 58, 59,
    ]);
  });

  test('A1, C1: ballots are found when a crash left nothing of a segment but its header', async () => {
    const last = place.names().at(-1) ?? '';
    await log.close();
    const torn = place.bytes(last).fill(0, 512); // Its first batch never reached the disk.
    place.replace(last, torn);
    ({ log } = open(place));
    const end = SLOTS + 2; // All of it fits in the segment.
    for (let slot = SLOTS - 4; slot < end; slot++) await append(log, [accepted(slot)]);
    await collect(end);
    await untilFilesAre(place, 1);
    const { recovered } = await reopen({ state: stateAt(end) });
    expect(recovered).toMatchObject({ ballot: ballot('7.c'), leaderBallot: ballot('6.a') });
  });

  test('so much stays as is to be kept', async () => {
    const keepBytes = log.bytes - 16 * 1024;
    await reopen({ keepBytes });
    expect(await collect(40)).toBeGreaterThan(0);
    expect(log.bytes).toBeGreaterThanOrEqual(keepBytes);
    await untilFilesAre(place, Math.ceil(log.bytes / (16 * 1024)));
  });

  test('nothing goes when the floor is in the first segment', () => {
    expect(log.collectable(3)).toBe(0);
  });

  test('a first segment that is missing, and no floor says why: damage', async () => {
    await log.close();
    place.remove('00000001.log');
    expect(() => open(place)).toThrow(DamageError);
  });

  test('a process that ended before it deleted does so later; one that deleted half, too', async () => {
    const slot = log.collectable(40);
    await append(log, [{ type: 'floor', slot }]);
    await reopen({ state: stateAt(50) });
    expect(log.first).toBe(slot);
    expect(await slots(log, 0, slot)).toEqual([]);
    await log.close();
    place.remove('00000001.log');
    ({ log } = open(place, { state: stateAt(50) }));
    const { bytes } = log;
    expect(await collect(40)).toBe(slot);
    expect(log.bytes).toBeLessThan(bytes);
  });

  test('a segment is not deleted while it is read', async () => {
    const reading = slots(log, 0, 5);
    await collect(40);
    expect((await reading).length).toBeGreaterThan(0);
    const again = open(place);
    expect(again.recovered.floor).toBe(log.first);
    await again.log.close();
  });

  test('R1: below a state that was taken from another member nothing is served', async () => {
    const taken = SLOTS + 40;
    const { recovered } = await reopen({ state: stateAt(taken) });
    expect(recovered).toMatchObject({ floor: taken, stored: [] });
    expect(log.first).toBe(taken);
    expect(await slots(log, 0, SLOTS)).toEqual([]);
    // From the first batch on, the log says so itself.
    await append(log, [{ type: 'decided-mark', slot: taken + 1 }]);
    const again = await reopen({ state: stateAt(taken) });
    expect(again.recovered).toMatchObject({ floor: taken, decidedMark: taken + 1 });
    expect(await slots(log, 0, SLOTS)).toEqual([]);
  });
});
