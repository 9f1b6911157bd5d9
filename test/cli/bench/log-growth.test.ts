import { logGrowth } from '../../../cli/src/bench/log-growth.ts';

test('of each member the most and the last, also when it did not answer now and then', () => {
  const samples = [
    { seconds: 1, logBytes: { n1: 10, n0: 20 } },
    { seconds: 2, logBytes: { n0: 50 } },
    { seconds: 3, logBytes: { n1: 7, n0: 30 } },
    { seconds: 4, logBytes: {} },
  ];
  expect(logGrowth(100, samples)).toEqual({
    limitBytes: 100,
    members: [
      { name: 'n0', mostBytes: 50, lastBytes: 30 },
      { name: 'n1', mostBytes: 10, lastBytes: 7 },
    ],
    samples,
  });
});
