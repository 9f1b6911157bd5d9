import fs from 'node:fs';
import type { Log } from '../../../node/src/storage/log.ts';
import { append, diskPlace, open, SEGMENT_BYTES } from './log-places.ts';

/* A log has more segments than a process may have open files. */

const SEGMENTS = 100;
const place = diskPlace();
afterAll(() => place.clean());

const openFiles = (): number => fs.readdirSync('/proc/self/fd').length;

/** One that fills a segment. */
const record = (slot: number) => ({
  type: 'accepted' as const,
  ballot: { round: 1, leader: 'a' },
  slot,
  value: [Buffer.alloc(SEGMENT_BYTES - 4 * 512, slot)],
});

function read(log: Log, slot: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    log.read(slot, slot + 1, Infinity, (error, [stored]) => {
      if (error === undefined) resolve(stored?.value[0]?.[0]);
      else reject(error);
    });
  });
}

test('few of the segments are open, also while all are read at once, and each is read right', async () => {
  const slots = Array.from({ length: SEGMENTS }, (_, slot) => slot);
  const before = openFiles();
  let { log } = open(place);
  for (const slot of slots) await append(log, [record(slot)]);
  expect(place.names().length).toBeGreaterThanOrEqual(SEGMENTS);
  expect(openFiles()).toBeLessThan(before + SEGMENTS / 4);
  await log.close();

  ({ log } = open(place));
  expect(openFiles()).toBeLessThan(before + SEGMENTS / 4);
  const twice = [...slots, ...slots.toReversed()];
  expect(await Promise.all(twice.map((slot) => read(log, slot)))).toEqual(twice);
  expect(openFiles()).toBeLessThan(before + SEGMENTS / 4);
  await log.close();
  expect(openFiles()).toBeLessThanOrEqual(before);
});
