import { electionOf, type Election } from '../../../node/src/paxos/election.ts';
import { timing } from './samples.ts';

/** The ticks after which it starts phase 1 for the first time. */
function patience(election: Election, random: number, unapplied = true, phaseOne = 0): number {
  const isDue = (): boolean => election.tick(random, unapplied, phaseOne);
  for (let tick = 1; tick <= 1000; tick++) if (isDue()) return tick;
  return Infinity;
}

describe('stable', () => {
  test('patience differs by chance, so that not all start at once', () => {
    expect(patience(electionOf('stable', timing), 0)).toBeLessThan(
      patience(electionOf('stable', timing), 0.99),
    );
  });

  test('who was preempted waits longer', () => {
    const election = electionOf('stable', timing);
    election.won();
    const before = patience(election, 0);
    election.preempted();
    expect(patience(election, 0)).toBeGreaterThan(before);
  });

  test('however often it was preempted, it tries again', () => {
    const election = electionOf('stable', timing);
    for (let i = 0; i < 100; i++) election.preempted();
    expect(patience(election, 0.99)).toBeLessThanOrEqual(timing.election * 6);
  });

  test('while phase 1 may be under way it is given its time, and no more before or after', () => {
    const election = electionOf('stable', timing);
    const before = patience(election, 0, true, 40);
    expect(election.isTried(40)).toBe(false);
    election.supported();
    expect(election.isTried(40)).toBe(true);
    expect(election.isTried(0)).toBe(false);
    expect(patience(election, 0, true, 40)).toBe(40);
    expect(patience(election, 0, true, 40)).toBe(before);
    election.began();
    election.heard();
    expect(election.isTried(40)).toBe(false);
  });

  test('a leader that is heard starts the wait anew', () => {
    const election = electionOf('stable', timing);
    for (let tick = 0; tick < 100; tick++) {
      election.heard();
      expect(election.tick(0, true, 0)).toBe(false);
    }
  });
});

describe('on demand', () => {
  test('without a command of its own a member never starts phase 1', () => {
    expect(patience(electionOf('on-demand', timing), 0, false)).toBe(Infinity);
  });

  test('with one it starts at once', () => {
    expect(patience(electionOf('on-demand', timing), 0.99)).toBe(1);
  });

  test('in a duel it waits a random time, longer each time, but never for ever', () => {
    const election = electionOf('on-demand', timing);
    election.preempted();
    expect(patience(election, 0.99)).toBeLessThanOrEqual(timing.duel);
    for (let i = 0; i < 20; i++) election.preempted();
    const long = patience(election, 0.99);
    expect(long).toBeGreaterThan(timing.duel);
    expect(long).toBeLessThanOrEqual(timing.duel * 8);
  });
});
