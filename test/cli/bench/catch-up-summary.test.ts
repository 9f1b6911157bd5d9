import { summariseCatchUp, type CatchUpRun } from '../../../cli/src/bench/catch-up-summary.ts';

function runWith(transferSeconds: number, p99Ms: number): CatchUpRun {
  return {
    textBytes: 100e6,
    startSeconds: 1,
    transferSeconds,
    evenSeconds: transferSeconds + 2,
    sender: 'n1',
    leader: 'n0',
    quiet: { commandsPerSecond: 1000, p99Ms: 10, leaderHeldMs: 15 },
    streaming: { commandsPerSecond: 800, p99Ms, leaderHeldMs: 40 },
  };
}

test('speed is of the texts; the ratio is told repetition by repetition', () => {
  const report = summariseCatchUp(64, [runWith(2, 12), runWith(8, 30), runWith(3, 15)]);
  expect(report.megabytesPerSecond).toEqual({ median: 20, min: 10, max: 25 });
  expect(report.transferMegabytesPerSecond).toEqual({ median: 100 / 3, min: 12.5, max: 50 });
  expect(report.p99Ratio).toEqual({ median: 1.5, min: 1.2, max: 3 });
  expect(report.streaming.p99Ms.max).toBe(30);
  expect(report.quiet.leaderHeldMs.median).toBe(15);
});
