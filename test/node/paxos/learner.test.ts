import { Learner } from '../../../node/src/paxos/learner.ts';
import { timing } from './samples.ts';

const peers = ['b', 'c'];

/** The questions of so many ticks. */
function ask(learner: Learner, ticks: number, behind: boolean): (readonly string[])[] {
  return Array.from({ length: ticks }, () => learner.tick(0.5, behind, 0))
    .flat()
    .map(({ to }) => to);
}

/** A learner whose first survey, at its start, is over. */
function settled(): Learner {
  const learner = new Learner(peers, timing);
  for (const peer of peers) learner.answered(peer, undefined, false, false);
  learner.ended(0);
  return learner;
}

test('who starts asks everybody for what it missed', () => {
  const learner = new Learner(peers, timing);
  expect(ask(learner, timing.retransmit, false)).toEqual([peers]);
});

test('who is not behind asks nobody', () => {
  expect(ask(settled(), 100, false)).toEqual([]);
});

test('who is behind asks one peer after the other until there is progress', () => {
  const asked = ask(settled(), 60, true);
  expect(asked.slice(0, 4)).toEqual([['b'], ['c'], ['b'], ['c']]);
});

test('who named the highest slot is asked first', () => {
  const learner = settled();
  learner.heard(7, 'c');
  expect(learner.target).toBe(7);
  learner.heard(3, 'b');
  expect(learner.target).toBe(7);
  expect(ask(learner, timing.learn, true)[0]).toEqual(['c']);
});

test('who is behind, and knows only others that are gone, asks whom it hears, also of nothing new', () => {
  const learner = settled();
  learner.heard(7, 'b');
  learner.peers = peers; // Of a configuration that it has applied since.
  learner.heard(7, 'x');
  const asked = ask(learner, 60, true);
  expect(asked.slice(0, 3)).toEqual([['x'], ['b'], ['c']]);
});

test('of those that are no members one is remembered, until it was asked in vain', () => {
  const learner = settled();
  learner.heard(7, 'b');
  for (let slot = 8; slot < 1_000; slot++) learner.heard(slot, `x${slot}`);
  expect(learner.target).toBe(999);
  expect(learner.survey(1)).toEqual({ to: [...peers, 'x999'], survey: 1 });
  const asked = ask(learner, 300, true).map(([first]) => first);
  expect(asked.filter((each) => each === 'x999')).toHaveLength(4);
  expect(asked.slice(-10)).not.toContain('x999');
  expect(learner.target).toBe(7);
});

test('a stranger that brings progress is believed for longer', () => {
  const learner = settled();
  learner.heard(9, 'x');
  for (let slot = 1; slot < 30; slot++) {
    expect(learner.answered('x', undefined, true, true)).toEqual([{ to: ['x'] }]);
    ask(learner, 10, true);
  }
  expect(learner.target).toBe(9);
});

test('who lacks nothing does not take a stranger for a peer', () => {
  const learner = settled();
  learner.heard(7, 'b');
  learner.tick(0.5, false, 7);
  learner.heard(7, 'x');
  expect(learner.survey(1)).toEqual({ to: peers, survey: 1 });
});

test('after an answer that brought progress the same peer is asked for more', () => {
  const learner = settled();
  expect(learner.answered('c', undefined, true, true)).toEqual([{ to: ['c'] }]);
  expect(learner.answered('c', undefined, false, true)).toEqual([]);
  expect(learner.answered('c', undefined, true, false)).toEqual([]);
});

test('whoever brought progress is asked for more, also when what it gave is applied later', () => {
  const learner = settled();
  learner.answered('c', undefined, true, false);
  expect(learner.goOn()).toEqual([{ to: ['c'] }]);
  learner.answered('b', undefined, true, false);
  expect(learner.goOn()).toEqual([{ to: ['b'] }]);
});

test('a survey ends when all have answered and what they know is applied', () => {
  const learner = settled();
  expect(learner.survey(1)).toEqual({ to: peers, survey: 1 });
  learner.heard(5, 'b');
  learner.answered('b', 1, false, true);
  expect(learner.ended(5)).toEqual([]);
  learner.answered('c', 1, false, true);
  expect(learner.ended(4)).toEqual([]);
  expect(learner.ended(5)).toEqual([1]);
  expect(learner.ended(5)).toEqual([]);
});

test('a survey does without those who are silent, and ends at its deadline whatever is missing', () => {
  const silent = settled();
  silent.survey(1);
  ask(silent, timing.surveySilence, false);
  expect(silent.ended(0)).toEqual([1]);

  const behind = settled();
  behind.survey(2);
  behind.heard(9, 'b');
  ask(behind, timing.surveyDeadline - 1, true);
  expect(behind.ended(0)).toEqual([]);
  ask(behind, 1, true);
  expect(behind.ended(0)).toEqual([2]);
});
