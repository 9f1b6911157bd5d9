import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { DiskSpace, type DiskFacts } from '../../../node/src/service/disk-space.ts';
import { LoopWatch } from '../../../node/src/service/loop-watch.ts';
import { Namesakes } from '../../../node/src/service/namesakes.ts';

/* What a process says of its event loop and of its disk, in time that the test makes. */

const GIB = 1024 ** 3;
const codes = (of: LoopWatch | DiskSpace | Namesakes): string[] =>
  of.alarms.map(({ code }) => code);

describe('the event loop', () => {
  let now = 0;
  let watch: LoopWatch;
  beforeEach(() => {
    now = 0;
    watch = new LoopWatch(() => now);
  });

  function pass(ms: number): void {
    now += ms;
    watch.look();
  }

  test('that turns, be it a little late, is no alarm', () => {
    for (let looks = 0; looks < 100; looks += 1) {
      pass(1_050);
      expect(codes(watch)).toEqual([]);
    }
  });

  test('that stood still for a second is one, for five seconds', () => {
    pass(100);
    pass(1_100);
    expect(codes(watch)).toEqual(['loop-stalled']);
    for (let looks = 0; looks < 49; looks += 1) pass(100);
    expect(codes(watch)).toEqual(['loop-stalled']);
    pass(100);
    expect(codes(watch)).toEqual([]);
  });
});

test('members of another cluster of that name are an alarm, until they are silent for five seconds', () => {
  let now = 0;
  const namesakes = new Namesakes(() => now);
  expect(codes(namesakes)).toEqual([]);
  namesakes.heard();
  now = 4_999;
  expect(codes(namesakes)).toEqual(['two-clusters']);
  now = 5_000;
  expect(codes(namesakes)).toEqual([]);
});

describe('the disk', () => {
  let free: number | undefined;
  function spaceOf(bytes: number, wanted?: number): DiskSpace {
    const bsize = 4096;
    const blocks = Math.floor(bytes / bsize);
    return new DiskSpace('/data', wanted, (): Promise<DiskFacts> => {
      if (free === undefined) return Promise.reject(new Error('the disk says nothing'));
      return Promise.resolve({ bsize, blocks, bavail: Math.floor(free / bsize) });
    });
  }

  test.each([
    ['1 GiB of a large one', 100 * GIB, undefined, GIB],
    ['a tenth of a small one', GIB, undefined, GIB / 10],
    ['what the setting says', 100 * GIB, 5 * GIB, 5 * GIB],
  ])('is nearly full below %s, until there is clearly more', async (_, bytes, wanted, limit) => {
    const space = spaceOf(bytes, wanted);
    free = limit + 8192;
    await space.look();
    expect(codes(space)).toEqual([]);
    free = limit - 8192;
    await space.look();
    expect(codes(space)).toEqual(['disk-full']);
    expect(space.alarms[0]?.sentence).toContain('/data');
    free = limit + 8192;
    await space.look();
    expect(codes(space)).toEqual(['disk-full']);
    free = undefined;
    await space.look();
    expect(codes(space)).toEqual(['disk-full']);
    free = 1.1 * limit + 8192;
    await space.look();
    expect(codes(space)).toEqual([]);
    expect(space.free).toBeGreaterThan(1.1 * limit);
  });

  test('that is there is asked by the call of the system', async () => {
    const space = new DiskSpace(tmpdir(), Number.MAX_SAFE_INTEGER);
    expect(space.free).toBeUndefined();
    await space.look();
    const { bsize, blocks } = fs.statfsSync(tmpdir());
    expect(space.free).toBeGreaterThan(0);
    expect(space.free).toBeLessThanOrEqual(bsize * blocks);
    expect(codes(space)).toEqual(['disk-full']);
  });
});
