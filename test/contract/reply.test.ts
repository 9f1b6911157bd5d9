import fc from 'fast-check';
import { errors, type ErrorCode } from '../../contract/src/error-codes.ts';
import { encodeReplies, parseReplies, type Outcome, type Reply } from '../../contract/src/reply.ts';

const codes = Object.keys(errors) as ErrorCode[];
const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({
    ok: fc.constant(true as const),
    slot: fc.nat(),
    results: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }),
  }),
  fc.record({ ok: fc.constant(false as const), code: fc.constantFrom(...codes) }),
  fc.record({
    ok: fc.constant(false as const),
    code: fc.constantFrom(...codes),
    retryAfterMs: fc.nat(9999),
  }),
  fc.record({
    ok: fc.constant(false as const),
    code: fc.constantFrom(...codes),
    sizes: fc.record({ bytes: fc.nat(), most: fc.nat() }),
  }),
);
const replies = fc.array(fc.record({ lane: fc.nat(), number: fc.nat(), outcome: outcomes }));

function plain(all: readonly Reply[] | undefined): unknown {
  return all?.map(({ outcome, ...rest }) =>
    outcome.ok
      ? { ...rest, slot: outcome.slot, results: outcome.results.map((result) => [...result]) }
      : { ...rest, outcome },
  );
}

test('what is encoded is parsed again', () => {
  fc.assert(
    fc.property(fc.string(), replies, (clusterId, all) => {
      const parsed = parseReplies(encodeReplies({ clusterId, replies: all }));
      expect(parsed?.clusterId).toBe(clusterId);
      expect(plain(parsed?.replies)).toEqual(plain(all));
    }),
    { seed: 1 },
  );
});

test('any bytes are replies or undefined, and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const parsed = parseReplies(bytes);
      expect(parsed === undefined || Array.isArray(parsed.replies)).toBe(true);
    }),
    { seed: 2, numRuns: 500 },
  );
});
