import fc from 'fast-check';
import { Quorum, quorumSize } from '../../../node/src/paxos/quorum.ts';

test('any two quorums of a configuration meet', () => {
  for (let n = 1; n <= 9; n++) expect(2 * quorumSize(n)).toBeGreaterThan(n);
});

test('R1: only distinct voters count, in any order, however often they answer', () => {
  const voters = ['a', 'b', 'c', 'd', 'e'];
  const answers = fc.array(fc.constantFrom(...voters, 'stranger'), { maxLength: 12 });
  fc.assert(
    fc.property(answers, (from) => {
      const quorum = new Quorum([voters]);
      for (const voter of from) quorum.add(voter);
      const distinct = new Set(from.filter((voter) => voters.includes(voter)));
      expect(quorum.reached).toBe(distinct.size >= 3);
      expect(quorum.missing).toEqual(voters.filter((voter) => !distinct.has(voter)));
    }),
    { seed: 1 },
  );
});
