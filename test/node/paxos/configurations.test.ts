import { firstConfiguration } from '../../../node/src/paxos/configuration.ts';
import { Configurations } from '../../../node/src/paxos/configurations.ts';
import type { Change } from '../../../node/src/paxos/system-command.ts';

const first = new Configurations([firstConfiguration(['a', 'b', 'c'], 4)]);
const change = (over: Partial<Change> = {}): Change => ({
  base: 0,
  voters: ['a', 'b', 'c'],
  learners: ['d'],
  forced: false,
  ...over,
});

test('a change that was decided in slot s rules from s + WINDOW on, and not one slot earlier', () => {
  const changed = first.changed(change(), 10);
  expect(changed?.at(13).number).toBe(0);
  expect(changed?.at(14)).toEqual({
    number: 1,
    from: 14,
    voters: ['a', 'b', 'c'],
    learners: ['d'],
    window: 4,
  });
  expect(changed?.members).toEqual(['a', 'b', 'c', 'd']);
});

test('a quorum is needed in the configuration in force and in the pending one, then in the new one', () => {
  const changed = first.changed(change({ voters: ['a', 'b'], learners: [] }), 10);
  expect(changed?.votersFrom(11)).toEqual([
    ['a', 'b', 'c'],
    ['a', 'b'],
  ]);
  expect(changed?.votersFrom(14)).toEqual([['a', 'b']]);
});

test.each([
  ['of another configuration', change({ base: 1 })],
  ['without a voter', change({ voters: [] })],
  ['of two voters at once', change({ voters: ['a'] })],
  ['of one voter for another', change({ voters: ['a', 'b', 'd'], learners: [] })],
  ['to a voter that was no learner', change({ voters: ['a', 'b', 'c', 'd'], learners: [] })],
  ['that names a member twice', change({ learners: ['c'] })],
])('a change %s is void', (_, wrong) => {
  expect(first.changed(wrong, 10)).toBeUndefined();
});

test('a change is void while another is pending, and not any more when that is in force', () => {
  const pending = first.changed(change(), 10);
  const promotion = change({ base: 1, voters: ['a', 'b', 'c', 'd'], learners: [] });
  expect(pending?.changed(promotion, 13)).toBeUndefined();
  expect(pending?.changed(promotion, 14)?.newest.voters).toEqual(['a', 'b', 'c', 'd']);
});
