import fc from 'fast-check';
import {
  encodeCounterOperation,
  encodeCounterResult,
  parseCounterOperation,
  parseCounterResult,
} from '../../../machines/src/counter/operations.ts';

test('an add keeps its register and delta, padded or not', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 60 }),
      fc.double({ noNaN: true }),
      fc.nat(300),
      (register, delta, padTo) => {
        const bytes = encodeCounterOperation({ type: 'add', register, delta }, padTo);
        expect(bytes.length).toBeGreaterThanOrEqual(padTo);
        const parsed = parseCounterOperation(bytes);
        const text = Buffer.from(parsed?.register ?? '', 'latin1').toString();
        expect([parsed?.type, text, parsed?.delta]).toEqual(['add', register, delta]);
      },
    ),
    { seed: 1 },
  );
});

test('results are parsed again', () => {
  const result = { value: -1.5, position: 2 ** 40 };
  expect(parseCounterResult(encodeCounterResult(result))).toEqual(result);
  expect(parseCounterResult(new Uint8Array(15))).toBeUndefined();
});

test('a register name that is too long is refused when it is encoded', () => {
  const register = 'x'.repeat(256);
  expect(() => encodeCounterOperation({ type: 'read', register })).toThrow(RangeError);
});

test('any bytes are an operation or undefined, and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const parsed = parseCounterOperation(bytes);
      expect(parsed === undefined || parsed.register.length <= bytes.length).toBe(true);
    }),
    { seed: 2, numRuns: 500 },
  );
});
