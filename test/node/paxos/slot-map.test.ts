import fc from 'fast-check';
import { SlotMap } from '../../../node/src/paxos/slot-map.ts';

test('whatever is put, deleted and forgotten, it holds what a sorted map would', () => {
  const slot = fc.oneof(fc.nat(20), fc.constantFrom(10 ** 8, 2 ** 46));
  const step = fc.oneof(
    fc.record({ put: slot, value: fc.nat() }),
    fc.record({ remove: slot }),
    fc.record({ forget: slot }),
    fc.record({ read: slot }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const map = new SlotMap<number>();
      const model = new Map<number, number>();
      const sorted = (from: number): [number, number][] =>
        [...model].filter(([each]) => each >= from).sort(([a], [b]) => a - b);
      for (const each of steps) {
        if ('put' in each) {
          map.set(each.put, each.value);
          model.set(each.put, each.value);
        } else if ('remove' in each) {
          map.delete(each.remove);
          model.delete(each.remove);
        } else if ('forget' in each) {
          map.forgetBelow(each.forget);
          for (const [known] of sorted(0)) if (known < each.forget) model.delete(known);
        } else expect([...map.from(each.read)]).toEqual(sorted(each.read));
      }
      expect([...map.from(0)]).toEqual(sorted(0));
      expect(map.size).toBe(model.size);
      for (const [known, value] of model) expect(map.get(known)).toBe(value);
    }),
    { seed: 9, numRuns: 300 },
  );
});
