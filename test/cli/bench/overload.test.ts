import { openLoop } from '../../../cli/src/bench/open-loop.ts';
import { overloadDrawing } from '../../../cli/src/bench/overload-drawing.ts';
import { summariseOverload, type OverloadRun } from '../../../cli/src/bench/overload.ts';
import { expectWellFormed } from './well-formed.ts';

/** Half, all, and twice what the cluster can do. */
function runWith(capacityPerSecond: number, p99Ms: number): OverloadRun {
  const samples = [0.5, 1, 2].map((share) => ({
    share,
    answeredPerSecond: Math.min(share, 1) * capacityPerSecond,
    failedPerSecond: Math.max(share - 1, 0) * capacityPerSecond,
    p50Ms: p99Ms / 2,
    p99Ms: share * p99Ms,
  }));
  return { capacityPerSecond, samples };
}

const report = summariseOverload([runWith(1000, 10), runWith(3000, 30), runWith(2000, 20)]);

test('figures are medians over the rounds, for each share', () => {
  expect(report.capacityPerSecond).toEqual({ median: 2000, min: 1000, max: 3000 });
  expect(report.points.map(({ share }) => share)).toEqual([0.5, 1, 2]);
  const [half, , twice] = report.points;
  expect(half?.answeredPerSecond).toEqual({ median: 1000, min: 500, max: 1500 });
  expect(twice?.offeredPerSecond).toEqual({ median: 4000, min: 2000, max: 6000 });
  expect(twice?.failedPerSecond.median).toBe(2000);
  expect(twice?.p99Ms.median).toBe(40);
});

test('the drawing has what was offered, answered and failed, and both times', () => {
  const svg = overloadDrawing(report);
  for (const kind of ['offered', 'answered', 'failed', 'half']) {
    expect(svg).toContain(`<path class="${kind}"`);
  }
  expect(svg).toContain('closed-loop clients got 2,000');
  expectWellFormed(svg);
  expect(overloadDrawing({ ...report, points: [] })).toBe('');
});

test('an open loop sends at its rate, whether or not earlier requests were answered', async () => {
  let sent = 0;
  const sample = await openLoop(
    (n) => {
      sent += 1;
      return n % 4 === 0 ? Promise.reject(new Error('refused')) : Promise.resolve();
    },
    1_000,
    0.2,
  );
  expect(sent).toBe(200);
  expect(sample.failedPerSecond).toBe(250);
  expect(sample.answeredPerSecond).toBeLessThanOrEqual(750);
  const late = await openLoop(() => new Promise((done) => setTimeout(done, 300)), 100, 0.1);
  expect(late).toMatchObject({ answeredPerSecond: 0, failedPerSecond: 0 });
  expect(late.p50Ms).toBeGreaterThanOrEqual(290);
});
