import fc from 'fast-check';
import type { LogRecord, StoredPvalue } from '../../../node/src/paxos/effects.ts';
import { BLOCK_BYTES } from '../../../node/src/storage/block.ts';
import { DamageError } from '../../../node/src/storage/damage.ts';
import type { Log } from '../../../node/src/storage/log.ts';
import { MemoryDisk, MemoryFolder } from '../../../node/src/storage/memory-folder.ts';
import { ballot, pvalue } from '../paxos/samples.ts';
import {
  append,
  diskPlace,
  memoryPlace,
  open,
  SEGMENT_BYTES,
  stateAt,
  type LogPlace,
} from './log-places.ts';

const FIRST = '00000001.log';

function accepted(slot: number, ...texts: string[]): LogRecord {
  return { type: 'accepted', ...pvalue('1.a', slot, ...texts) };
}

function read(log: Log, from: number, to: number, bytes = 1e6): Promise<readonly StoredPvalue[]> {
  return new Promise((resolve, reject) => {
    log.read(from, to, bytes, (error, stored) => (error ? reject(error) : resolve(stored)));
  });
}

/** Bytes as plain arrays, so that a Buffer equals a Uint8Array. */
function plain(stored: readonly StoredPvalue[]): unknown {
  return stored.map((each) => ({ ...each, value: each.value.map((command) => [...command]) }));
}

describe.each([
  ['disk', diskPlace],
  ['memory', memoryPlace],
])('%s', (_, makePlace) => {
  let place: LogPlace;
  beforeEach(() => (place = makePlace()));
  afterEach(() => place.clean());

  test('a new log holds nothing', () => {
    expect(open(place).recovered).toEqual({ decidedMark: 0, floor: 0, stored: [] });
  });

  test('what was appended is found again, the last record of each slot', async () => {
    const { log } = open(place);
    await append(log, [{ type: 'ballot', ballot: ballot('1.a') }]);
    await append(log, [{ type: 'leader-ballot', ballot: ballot('2.b') }, accepted(0, 'old')]);
    await append(log, [
      { type: 'accepted', ...pvalue('3.c', 0, 'new', 'er') },
      { type: 'learned', ...pvalue('2.b', 1, 'learned') },
      { type: 'decided-mark', slot: 1 },
    ]);
    await log.close();
    const { recovered } = open(place);
    expect(recovered).toMatchObject({
      ballot: ballot('3.c'), // A p2a's ballot is adopted in the same record.
      leaderBallot: ballot('2.b'),
      decidedMark: 1,
    });
    expect(plain(recovered.stored)).toEqual(
      plain([
        { ...pvalue('3.c', 0, 'new', 'er'), learned: false },
        { ...pvalue('2.b', 1, 'learned'), learned: true },
      ]),
    );
  });

  test('once it is closed nothing is appended', async () => {
    const { log } = open(place);
    await append(log, [accepted(0, 'one')]);
    await log.close();
    expect(() => log.append([accepted(1, 'two')], () => undefined)).toThrow(/is closed/);
  });

  test('values below slot_out stay on disk, and are read from there', async () => {
    const { log } = open(place);
    for (let slot = 0; slot < 5; slot++) await append(log, [accepted(slot, `text ${slot}`)]);
    await append(log, [{ type: 'decided-mark', slot: 3 }]);
    await log.close();
    const again = open(place, { state: stateAt(3) });
    expect(again.recovered.stored.map(({ slot }) => slot)).toEqual([3, 4]);
    const stored = await read(again.log, 1, 4);
    expect(plain(stored)).toEqual(
      plain([1, 2, 3].map((slot) => ({ ...pvalue('1.a', slot, `text ${slot}`), learned: false }))),
    );
    await again.log.close();
  });

  test('a read stops after its bytes, but has one at least; holes are passed over', async () => {
    const { log } = open(place);
    for (const slot of [0, 2, 3]) await append(log, [accepted(slot, 'x'.repeat(100))]);
    expect((await read(log, 0, 9, 1)).map(({ slot }) => slot)).toEqual([0]);
    expect((await read(log, 1, 9, 300)).map(({ slot }) => slot)).toEqual([2, 3]);
    expect(await read(log, 4, 9)).toEqual([]);
    await log.close();
  });

  test('what changed since it was written is damage when it is read, with file and block', async () => {
    const { log } = open(place);
    for (const slot of [0, 1, 2]) await append(log, [accepted(slot, 'x'.repeat(700))]);
    const whole = place.bytes(FIRST);
    for (const at of [2 * BLOCK_BYTES + 20, 3 * BLOCK_BYTES + 300, 4 * BLOCK_BYTES - 1]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 4;
      place.replace(FIRST, changed);
      const block = Math.floor(at / BLOCK_BYTES);
      await expect(read(log, 0, 3)).rejects.toThrow(
        `${FIRST} is damaged at block ${block}: changed since it was written`,
      );
    }
    // A block that is well, of another place.
    const moved = Buffer.from(whole);
    moved.copy(moved, 4 * BLOCK_BYTES, 2 * BLOCK_BYTES, 3 * BLOCK_BYTES);
    place.replace(FIRST, moved);
    await expect(read(log, 1, 2)).rejects.toThrow(DamageError);
    place.replace(FIRST, whole);
    expect((await read(log, 0, 3)).map(({ slot }) => slot)).toEqual([0, 1, 2]);
    await log.close();
  });

  test('what is being written is read, too', async () => {
    const { log } = open(place);
    await append(log, [accepted(0, 'old')]);
    const written = append(log, [accepted(0, 'on its way')]);
    expect(plain(await read(log, 0, 1))).toEqual(
      plain([{ ...pvalue('1.a', 0, 'on its way'), learned: false }]),
    );
    await written;
    await log.close();
  });

  test('one batch at a time', async () => {
    const { log } = open(place);
    const first = append(log, [accepted(0, 'x')]);
    expect(() => log.append([accepted(1, 'y')], () => undefined)).toThrow('in flight');
    await first;
    await log.close();
  });

  test('a batch that does not fit begins a new segment; a large one gets a larger one', async () => {
    const { log } = open(place);
    const large = 'x'.repeat(3 * SEGMENT_BYTES);
    for (let slot = 0; slot < 40; slot++) await append(log, [accepted(slot, 'y'.repeat(1000))]);
    await append(log, [accepted(40, large)]);
    await append(log, [accepted(41, 'after')]);
    const { bytes } = log;
    await log.close();
    expect(place.names().length).toBeGreaterThan(3);
    const again = open(place);
    expect(again.log.bytes).toBe(bytes);
    expect(again.recovered.stored).toHaveLength(42);
    expect(again.recovered.stored[40]?.value[0]?.length).toBe(large.length);
    await again.log.close();
  });

  test('any records, in any batches, over any restarts, are found again', async () => {
    const record = fc.oneof(
      fc
        .record({ slot: fc.nat(20), size: fc.nat(3000), round: fc.nat(5) })
        .map(({ slot, size, round }): LogRecord => ({
          type: 'accepted',
          ballot: { round, leader: 'é' },
          slot,
          value: size === 0 ? [] : [new Uint8Array(size).fill(size)],
        })),
      fc.nat(9).map((slot): LogRecord => ({ type: 'decided-mark', slot })),
    );
    const batches = fc.array(fc.array(record, { minLength: 1, maxLength: 6 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(batches, fc.integer({ min: 1, max: 4 }), async (written, restartEvery) => {
        const own = makePlace();
        let { log } = open(own);
        for (const [i, batch] of written.entries()) {
          await append(log, batch);
          if (i % restartEvery !== 0) continue;
          await log.close();
          ({ log } = open(own));
        }
        await log.close();
        const expected = new Map<number, StoredPvalue>();
        for (const each of written.flat()) {
          if (each.type !== 'accepted') continue;
          const { ballot, slot, value } = each;
          expected.set(slot, { ballot, slot, value, learned: false });
        }
        const { recovered } = open(own);
        own.clean();
        const bySlot = (a: StoredPvalue, b: StoredPvalue): number => a.slot - b.slot;
        expect(plain([...recovered.stored].sort(bySlot))).toEqual(
          plain([...expected.values()].sort(bySlot)),
        );
      }),
      { seed: 7, numRuns: 25 },
    );
  });
});

test('a write that failed is told again to whoever closes the log: what it holds may not last', async () => {
  const folder = new MemoryFolder(new MemoryDisk(), setImmediate);
  const { log } = open({ ...memoryPlace(), folder: () => folder });
  await append(log, [accepted(0, 'one')]);
  folder.failure = new Error('EIO');
  await expect(append(log, [accepted(1, 'two')])).rejects.toThrow('EIO');
  await expect(log.close()).rejects.toThrow('EIO');
});
