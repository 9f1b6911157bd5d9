import fc from 'fast-check';
import { compareBallots, formatBallot, nextBallot } from '../../../node/src/paxos/ballot.ts';
import { ballot } from './samples.ts';

const someBallot = fc.option(
  fc.record({ round: fc.integer({ min: 1, max: 4 }), leader: fc.constantFrom('a', 'b', 'c') }),
  { nil: undefined },
);

describe('ballots', () => {
  test('are ordered by round, then by leader; none is the lowest', () => {
    const ordered = [undefined, ballot('1.a'), ballot('1.b'), ballot('2.a'), ballot('10.a')];
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries()) {
        expect(Math.sign(compareBallots(a, b))).toBe(Math.sign(i - j));
      }
    }
  });

  test('have a total order', () => {
    fc.assert(
      fc.property(someBallot, someBallot, someBallot, (a, b, c) => {
        expect(Math.sign(compareBallots(a, b))).toBe(0 - Math.sign(compareBallots(b, a)));
        if (compareBallots(a, b) <= 0 && compareBallots(b, c) <= 0) {
          expect(compareBallots(a, c)).toBeLessThanOrEqual(0);
        }
        if (compareBallots(a, b) === 0) expect(a).toEqual(b);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  test('the next ballot of a leader is its own and higher than what it heard', () => {
    fc.assert(
      fc.property(someBallot, fc.constantFrom('a', 'b', 'c'), (heard, leader) => {
        const next = nextBallot(heard, leader);
        expect(next.leader).toBe(leader);
        expect(compareBallots(next, heard)).toBeGreaterThan(0);
      }),
      { seed: 1 },
    );
  });

  test('read like 3.b in logs', () => {
    expect(formatBallot(ballot('3.b'))).toBe('3.b');
    expect(formatBallot(undefined)).toBe('none');
  });
});
