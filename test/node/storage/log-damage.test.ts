import fc from 'fast-check';
import type { LogRecord } from '../../../node/src/paxos/effects.ts';
import { BLOCK_BYTES } from '../../../node/src/storage/block.ts';
import { SUPERBLOCK } from '../../../node/src/storage/superblock.ts';
import { DamageError } from '../../../node/src/storage/damage.ts';
import { ForeignDataError, FormatError } from '../../../node/src/storage/format-error.ts';
import { pvalue } from '../paxos/samples.ts';
import { append, diskPlace, memoryPlace, open, snapshot, type LogPlace } from './log-places.ts';

const FIRST = '00000001.log';

function batch(slot: number): LogRecord[] {
  // Three blocks and a bit.
  return [{ type: 'accepted', ...pvalue('1.a', slot, `${slot}`.padEnd(1600, 'x')) }];
}

/** A log of so many batches. @returns the blocks of its first segment that are written */
async function written(place: LogPlace, batches: number): Promise<number> {
  const { log } = open(place);
  for (let slot = 0; slot < batches; slot++) await append(log, batch(slot));
  await log.close();
  const bytes = place.bytes(FIRST);
  let blocks = bytes.length / BLOCK_BYTES;
  while (isEmpty(bytes, blocks - 1)) blocks -= 1;
  return blocks;
}

function isEmpty(bytes: Buffer, block: number): boolean {
  return bytes.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES).every((byte) => byte === 0);
}

function edit(place: LogPlace, change: (bytes: Buffer) => void, name = FIRST): void {
  const bytes = place.bytes(name);
  change(bytes);
  place.replace(name, bytes);
}

function zero(bytes: Buffer, block: number): void {
  bytes.fill(0, block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
}

/** Opening refuses it with this error, and changes nothing. */
function expectRefused(place: LogPlace, error: unknown, options = {}): void {
  const before = snapshot(place);
  expect(() => open(place, options)).toThrow(error as Error);
  expect(snapshot(place)).toEqual(before);
}

describe.each([
  ['disk', diskPlace],
  ['memory', memoryPlace],
])('%s', (_, makePlace) => {
  let place: LogPlace;
  beforeEach(() => (place = makePlace()));
  afterEach(() => place.clean());

  test('a torn last batch is erased, whichever of its blocks are missing', async () => {
    const blocks = await written(place, 3);
    const whole = place.bytes(FIRST);
    const superblock = place.bytes(SUPERBLOCK);
    const first = blocks - 4;
    for (let missing = 1; missing < 16; missing++) {
      const torn = Buffer.from(whole);
      for (let i = 0; i < 4; i++) if (missing & (1 << i)) zero(torn, first + i);
      place.replace(FIRST, torn);
      place.replace(SUPERBLOCK, superblock);
      const { log, recovered } = open(place);
      expect(recovered.stored.map(({ slot }) => slot)).toEqual([0, 1]);
      await append(log, batch(7));
      await log.close();
      expect(open(place).recovered.stored.map(({ slot }) => slot)).toEqual([0, 1, 7]);
    }
  });

  test('a hole before the last batch is damage', async () => {
    const blocks = await written(place, 3);
    edit(place, (bytes) => zero(bytes, blocks - 6));
    expectRefused(place, DamageError);
  });

  test('a flipped bit in a complete block is damage, and the error names file and block', async () => {
    const blocks = await written(place, 3);
    const whole = place.bytes(FIRST);
    const bits = fc.nat(blocks * BLOCK_BYTES * 8 - 1);
    fc.assert(
      fc.property(bits, (bit) => {
        const flipped = Buffer.from(whole);
        const at = Math.floor(bit / 8);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (bit % 8));
        place.replace(FIRST, flipped);
        const block = Math.floor(at / BLOCK_BYTES);
        expectRefused(place, new RegExp(`${FIRST} is damaged at block ${block}:`));
      }),
      { seed: 11, numRuns: 60 },
    );
  });

  test('a block in the wrong place is damage', async () => {
    await written(place, 3);
    edit(place, (bytes) => bytes.copy(bytes, 2 * BLOCK_BYTES, 6 * BLOCK_BYTES, 7 * BLOCK_BYTES));
    expectRefused(place, DamageError);
  });

  test("another member's block is damage", async () => {
    await written(place, 2);
    const other = makePlace();
    const { log } = open(other, { memberId: 'b' });
    await append(log, batch(0));
    await log.close();
    const theirs = other.bytes(FIRST);
    other.clean();
    edit(place, (bytes) => theirs.copy(bytes, BLOCK_BYTES, BLOCK_BYTES, 2 * BLOCK_BYTES));
    expectRefused(place, DamageError);
  });

  test('a missing segment is damage, the first one too', async () => {
    await written(place, 30);
    const names = place.names();
    expect(names.length).toBeGreaterThan(2);
    for (const name of names.slice(0, -1)) {
      const bytes = place.bytes(name);
      place.remove(name);
      expectRefused(place, new RegExp(`${name} is damaged`));
      place.replace(name, bytes);
    }
  });

  test('a torn batch in a segment that is not the last is damage', async () => {
    await written(place, 30);
    edit(place, (bytes) => {
      let last = bytes.length / BLOCK_BYTES - 1;
      while (isEmpty(bytes, last)) last -= 1;
      zero(bytes, last);
    });
    expectRefused(place, DamageError);
  });

  test('a segment that was being made when the process ended is made again', async () => {
    await written(place, 3);
    place.replace('00000002.log', Buffer.alloc(16 * 1024));
    const { recovered } = open(place);
    expect(recovered.stored).toHaveLength(3);
    place.replace('00000002.log', Buffer.alloc(0));
    expect(open(place).recovered.stored).toHaveLength(3);
  });

  test("another cluster's or member's log is refused", async () => {
    await written(place, 1);
    expectRefused(place, ForeignDataError, { clusterId: 'local/other' });
    expectRefused(place, ForeignDataError, { memberId: 'b' });
  });

  test('a newer format is refused', async () => {
    const { log } = open(place);
    await append(log, batch(0));
    await log.close();
    const { encodeSegmentHeader } = await import('../../../node/src/storage/segment.ts');
    const ids = { clusterId: 'local/test', memberId: 'a' };
    const newer = { number: 1, firstSequence: 1, slotsBelow: 0, bytes: 0, ...ids, format: 99 };
    edit(place, (bytes) => encodeSegmentHeader(newer).copy(bytes));
    expectRefused(place, FormatError);
  });
});
