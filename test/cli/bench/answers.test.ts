import fc from 'fast-check';
import { Answers } from '../../../cli/src/bench/answers.ts';

function answersAt(...times: readonly number[]): Answers {
  const answers = new Answers();
  times.forEach((at, i) => answers.add(at, i + 1));
  return answers;
}

test('the longest gap is whole, though it began before the time that is looked at', () => {
  const answers = answersAt(0, 10, 30, 100, 110);
  expect(answers.longestGap(50)).toEqual({ at: 30, ms: 70 });
  expect(answers.longestGap(0, 50)).toEqual({ at: 10, ms: 20 });
});

test('a gap that ended before, or ends later, does not count', () => {
  const answers = answersAt(0, 50, 60, 100);
  expect(answers.longestGap(50, 60)).toEqual({ at: 50, ms: 10 });
  expect(answers.longestGap(100)).toEqual({ at: 100, ms: 0 });
});

test('no answers are no gap, and no throughput', () => {
  expect(answersAt().longestGap(5)).toEqual({ at: 5, ms: 0 });
  expect(answersAt().perInterval(100, 0, 250)).toEqual([0, 0]);
  expect(answersAt().percentile(99, 0, 100)).toBeNaN();
});

test('an answer is counted in the interval that begins with it', () => {
  const answers = answersAt(99, 100, 199, 200, 299, 300);
  expect(answers.perInterval(100, 100, 300)).toEqual([2, 2]);
  expect(answers.count(100, 300)).toBe(4);
});

test('intervals have every answer of the time that they cover', () => {
  const times = fc.array(fc.integer({ min: 0, max: 1000 }));
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 100 }), (unsorted, interval) => {
      const answers = answersAt(...unsorted.sort((a, b) => a - b));
      const counts = answers.perInterval(interval, 0, 500);
      const sum = counts.reduce((all, count) => all + count, 0);
      expect(sum).toBe(answers.count(0, counts.length * interval));
    }),
  );
});

test('a percentile is of the answers that came meanwhile', () => {
  const answers = new Answers();
  for (let i = 1; i <= 200; i++) answers.add(i, i <= 100 ? i : 1000);
  expect(answers.percentile(99, 1, 101)).toBe(99);
  expect(answers.percentile(50, 1, 101)).toBe(50);
  expect(answers.percentile(100, 1, 101)).toBe(100);
});
