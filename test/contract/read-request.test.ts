import fc from 'fast-check';
import { encodeRead, parseRead, type Consistency } from '../../contract/src/read-request.ts';

const consistency: fc.Arbitrary<Consistency> = fc.oneof(
  fc.constantFrom<Consistency>('linearizable', 'local'),
  fc.record({ atLeast: fc.nat({ max: 2 ** 47 }) }),
);
const request = fc.record({
  number: fc.integer({ min: 1, max: 2 ** 48 - 1 }),
  consistency,
  operations: fc.array(
    fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)),
    { minLength: 1, maxLength: 4 },
  ),
});

test('a read is parsed as it was', () => {
  fc.assert(fc.property(request, (asked) => expect(parseRead(encodeRead(asked))).toEqual(asked)));
});

test('a flipped bit is noticed, whichever it is', () => {
  const asked = { number: 7, consistency: { atLeast: 3 }, operations: [Buffer.from('read')] };
  const bytes = encodeRead(asked);
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(parseRead(flipped)).toHaveProperty('bad');
  }
});

test('no operation, one that is cut off, and bytes of something else are malformed', () => {
  const bad = { bad: 'MALFORMED' };
  const none = encodeRead({ number: 7, consistency: 'local', operations: [] });
  expect(parseRead(none)).toEqual({ ...bad, number: 7 });
  expect(parseRead(Buffer.alloc(3))).toEqual({ ...bad, number: 0 });
  expect(parseRead(Buffer.alloc(40))).toEqual({ ...bad, number: 0 });
});
