import { History } from '../../../cli/src/chaos/history.ts';

function written(...times: number[]): History {
  const history = new History();
  times.forEach((answeredAt, i) => {
    history.add({ kind: 'add', register: 'r', calledAt: 0, answeredAt, value: i, position: i });
  });
  return history;
}

test('the longest stop is between two answered writes, or at an end of the time', () => {
  expect(written(10, 20, 70, 80).longestStop(0, 90)).toEqual({ at: 20, ms: 50 });
  expect(written(60, 70).longestStop(0, 80)).toEqual({ at: 0, ms: 60 });
  expect(written(5, 10).longestStop(0, 90)).toEqual({ at: 10, ms: 80 });
  expect(written().longestStop(0, 90)).toEqual({ at: 0, ms: 90 });
});

test('what is not within the time does not count', () => {
  expect(written(10, 50, 55, 60, 99).longestStop(50, 70)).toEqual({ at: 60, ms: 10 });
});

test('writes that were not answered end no stop, and reads neither', () => {
  const history = written(10);
  history.add({ kind: 'add', register: 'r', calledAt: 15, answeredAt: Infinity });
  history.add({ kind: 'read', register: 'r', calledAt: 20, answeredAt: 30, value: 1 });
  expect(history.longestStop(0, 100)).toEqual({ at: 10, ms: 90 });
  expect([history.writes, history.reads, history.unknown]).toEqual([1, 1, 1]);
});

test('writes are counted in each interval', () => {
  expect(written(0, 5, 10, 25).writesPerInterval(10, 0, 30)).toEqual([2, 1, 1]);
});
