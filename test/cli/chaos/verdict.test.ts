import fc from 'fast-check';
import type { Call } from '../../../cli/src/chaos/history.ts';
import { complaintsOf } from '../../../cli/src/chaos/verdict.ts';

const register = 'r';

function add(calledAt: number, answeredAt: number, value: number): Call {
  return { kind: 'add', register, calledAt, answeredAt, value, position: value - 1 };
}

function read(calledAt: number, answeredAt: number, value: number): Call {
  return { kind: 'read', register, calledAt, answeredAt, value };
}

function unknown(calledAt: number): Call {
  return { kind: 'add', register, calledAt, answeredAt: Infinity };
}

test.each<[string, Call[]]>([
  ['nothing happened', []],
  ['one after the other', [add(0, 1, 1), read(2, 3, 1), add(4, 5, 2), read(6, 7, 2)]],
  ['adds at a time may run in any order', [add(0, 9, 2), add(0, 9, 1), read(10, 11, 2)]],
  ['a read at the time of an add sees it or not', [add(0, 9, 1), read(3, 4, 1), read(1, 2, 0)]],
  ['an add whose outcome is not known ran', [add(0, 1, 1), unknown(2), read(8, 9, 2)]],
  ['or it did not', [add(0, 1, 1), unknown(2), read(8, 9, 1)]],
  ['or it runs late', [unknown(0), read(5, 6, 0), add(7, 8, 2), read(9, 10, 2)]],
])('well: %s', (_, calls) => {
  expect(complaintsOf(calls)).toEqual([]);
});

test.each<[string, Call[], string]>([
  ['an answered add is lost', [add(0, 1, 1), read(2, 3, 0)], 'the add to 1 was answered'],
  ['of two one is lost', [add(0, 1, 1), { ...add(2, 3, 1), position: 1 }], 'one of them is lost'],
  ['one ran twice', [add(0, 1, 1), add(2, 3, 3)], 'an add ran more than once'],
  ['a read is stale', [add(0, 1, 1), add(2, 3, 2), read(4, 5, 1)], 'a read of 1 was called'],
  ['a read goes back', [add(0, 9, 1), read(1, 2, 1), read(3, 4, 0)], 'a read of 0 was called'],
  ['real time is not respected', [add(0, 1, 2), add(2, 3, 1)], 'before the add to 1 was called'],
  ['it was seen before it was asked for', [read(0, 1, 1), unknown(2)], 'the add to 1 was called'],
  ['two are at one place', [add(0, 1, 1), { ...add(2, 3, 2), position: 0 }], 'position 0'],
])('not: %s', (_, calls, complaint) => {
  expect(complaintsOf(calls)).toEqual([expect.stringContaining(complaint)]);
});

test('registers are apart', () => {
  const other = { ...add(5, 6, 1), register: 's', position: 1 };
  expect(complaintsOf([add(0, 1, 1), other, read(7, 8, 1)])).toEqual([]);
});

/** All orders of the calls, without those that never ran: slow, and plainly right. */
function isLinearizable(calls: readonly Call[], value = 0): boolean {
  if (calls.every((call) => call.value === undefined)) return true;
  const earliestEnd = Math.min(...calls.map(({ answeredAt }) => answeredAt));
  return calls.some((call, i) => {
    if (call.calledAt > earliestEnd) return false;
    const after = call.kind === 'add' ? value + 1 : value;
    if (call.value !== undefined && call.value !== after) return false;
    return isLinearizable(calls.toSpliced(i, 1), after);
  });
}

test('it says what a search of all orders says', () => {
  const time = fc.integer({ min: 0, max: 12 });
  const call = fc
    .record({ kind: fc.constantFrom('add', 'read'), at: time, took: time, value: fc.nat(4) })
    .map(({ kind, at, took, value }): Call => {
      const times = { register, calledAt: at, answeredAt: at + took + 0.5 };
      if (kind === 'read') return { ...times, kind: 'read', value };
      if (value === 0) return { ...times, kind: 'add', answeredAt: Infinity };
      return { ...times, kind: 'add', value };
    });
  let right = 0;
  fc.assert(
    fc.property(fc.array(call, { maxLength: 6 }), (calls) => {
      const expected = isLinearizable(calls);
      if (expected) right += 1;
      expect(complaintsOf(calls).length === 0).toBe(expected);
    }),
    { numRuns: 4_000, seed: 7 },
  );
  expect(right).toBeGreaterThan(200); // Both answers came, and often.
});
