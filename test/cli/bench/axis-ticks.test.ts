import fc from 'fast-check';
import { ticksUpTo } from '../../../cli/src/drawing/axis-ticks.ts';

test.each([
  [23_400, [0, 5000, 10_000, 15_000, 20_000, 25_000]],
  [100, [0, 20, 40, 60, 80, 100]],
  [0, [0, 1]],
  [-Infinity, [0, 1]],
])('up to %d: %j', (most, ticks) => {
  expect(ticksUpTo(most)).toEqual(ticks);
});

test('they are few, and the last one is enough', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), (most) => {
      const ticks = ticksUpTo(most);
      expect(ticks.length).toBeLessThanOrEqual(7);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(most);
    }),
  );
});
