import fc from 'fast-check';
import { ENVELOPE_BYTES, seal } from '../../contract/src/envelope.ts';
import { LARGEST_WHOLE, PART_VERSION, Parts, partsOf } from '../../contract/src/parts.ts';

/** Bytes that say where they stand. */
function bytesOf(length: number, seed = 0): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8) + seed) % 256));
}

test('parts make the whole in any order, however often each comes, and beside other parts', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5_000 }),
      fc.integer({ min: 18, max: 1_500 }),
      fc.array(fc.nat(), { minLength: 1 }),
      (length, limit, draws) => {
        const wholes = [bytesOf(length), bytesOf(length, 7)];
        const sent = wholes.flatMap((whole) => partsOf(whole, limit));
        expect(Math.max(...sent.map((part) => part.length))).toBeLessThanOrEqual(limit);
        const mixed = sent
          .map((part, i) => ({ part, at: draws[i % draws.length] ?? 0 }))
          .sort((a, b) => a.at - b.at);
        const parts = new Parts();
        const got = mixed.flatMap(({ part }) => parts.take(part) ?? []);
        expect(got).toHaveLength(2);
        expect(got).toEqual(expect.arrayContaining(wholes));
        expect(parts.bytes).toBe(0);
      },
    ),
    { seed: 3 },
  );
});

test('a part that comes twice does not stand for one that is missing', () => {
  const whole = bytesOf(300);
  const [first, second, third] = partsOf(whole, 120);
  const parts = new Parts();
  for (const part of [first, second, second, first]) expect(parts.take(part!)).toBeUndefined();
  expect(parts.take(third!)).toEqual(whole);
});

test('what is no part is given back as it is', () => {
  const message = Buffer.of(2, 3, 4);
  expect(new Parts().take(message)).toBe(message);
});

test('a part that came changed, is empty or lies about its place is not taken', () => {
  const [part] = partsOf(bytesOf(300), 120);
  const parts = new Parts();
  for (let bit = 8; bit < part!.length * 8; bit++) {
    const changed = Buffer.from(part!);
    changed[bit >> 3]! ^= 1 << (bit % 8);
    expect(parts.take(changed)).toHaveProperty('garbled');
  }
  expect(parts.take(part!.subarray(0, 3))).toHaveProperty('malformed');
  const [huge] = partsOf(Buffer.alloc(LARGEST_WHOLE + 1), 2 * LARGEST_WHOLE);
  expect(parts.take(huge!)).toHaveProperty('malformed');
  expect(parts.bytes).toBe(0);
});

test('wholes that never come do not take more memory than so much: the oldest is given up', () => {
  const parts = new Parts();
  const length = LARGEST_WHOLE / 4;
  const all = Array.from({ length: 20 }, (_, seed) => partsOf(Buffer.alloc(length, seed), length));
  for (const [first] of all) {
    parts.take(first!);
    expect(parts.bytes).toBeLessThanOrEqual(2 * LARGEST_WHOLE);
  }
  const last = parts.take(all.at(-1)![1]!) as Buffer;
  expect(last.equals(Buffer.alloc(length, 19))).toBe(true);
  expect(parts.take(all[0]![1]!)).toBeUndefined();
});

/** A part that says that it is the first byte of a whole of the largest size. */
function promiseOf(checksum: number, at = 0): Buffer {
  const part = Buffer.alloc(18, 1);
  part.writeUInt32LE(checksum, ENVELOPE_BYTES);
  part.writeUInt32LE(LARGEST_WHOLE, ENVELOPE_BYTES + 4);
  part.writeUInt32LE(at, ENVELOPE_BYTES + 8);
  return seal(part, PART_VERSION);
}

test('a part takes as much as has come, and not what it says is to come', () => {
  const parts = new Parts();
  const before = process.memoryUsage().arrayBuffers;
  for (let checksum = 0; checksum < 100; checksum++) parts.take(promiseOf(checksum));
  expect(parts.bytes).toBeLessThan(64 * 1024);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(LARGEST_WHOLE);
});

test('promises of large wholes do not push out one that is under way', () => {
  const parts = new Parts();
  const whole = bytesOf(3_000);
  const [first, second] = partsOf(whole, 2_000);
  parts.take(first!);
  for (let checksum = 0; checksum < 1_000; checksum++) parts.take(promiseOf(checksum));
  expect(parts.take(second!)).toEqual(whole);
});

test('parts of a byte are counted with what each of them takes', () => {
  const parts = new Parts();
  for (let i = 0; i < 5_000; i++) parts.take(promiseOf(7, i));
  expect(parts.bytes).toBeGreaterThan(100 * 5_000);
  for (let i = 5_000; i < 40_000; i++) parts.take(promiseOf(7, i));
  expect(parts.bytes).toBeLessThanOrEqual(2 * LARGEST_WHOLE);
});

test('parts that overlap are no whole, and nothing of them stays', () => {
  const parts = new Parts();
  const whole = bytesOf(300);
  const [first] = partsOf(whole, 217); // Its first 200 bytes.
  const other = Buffer.from(first!);
  other.writeUInt32LE(100, ENVELOPE_BYTES + 8);
  expect(parts.take(first!)).toBeUndefined();
  expect(parts.take(seal(other, PART_VERSION))).toEqual({ malformed: 'parts that overlap' });
  expect(parts.bytes).toBe(0);
});
