import { recoveryDrawing } from '../../../cli/src/bench/recovery-drawing.ts';
import { summariseRecovery, type RecoveryRun } from '../../../cli/src/bench/recovery.ts';
import { expectWellFormed } from './well-formed.ts';

/** Steady before, nothing for a while, and half as much after the restart. */
function runWith(gapMs: number): RecoveryRun {
  return {
    beforeMs: 300,
    intervalMs: 100,
    commandsPerSecond: [900, 1000, 1100, 0, 0, 700, 500, 500],
    ledMs: 150,
    restartMs: 300,
    gap: { at: -10, ms: gapMs },
    gapBeforeMs: 7,
  };
}

const report = summariseRecovery(64, [runWith(250), runWith(210), runWith(230)]);

test('the gap is a median, and throughput is told before the kill and after the restart', () => {
  expect(report.gapMs).toEqual({ median: 230, min: 210, max: 250 });
  expect(report.gapBeforeMs.median).toBe(7);
  expect(report.ledMs.median).toBe(150);
  expect(report.commandsPerSecond.before.median).toBe(1000);
  expect(report.commandsPerSecond.after.median).toBe(500);
});

test('a run that was so short that nothing is left after the restart has no such figure', () => {
  const short = { ...runWith(200), restartMs: 500 };
  expect(summariseRecovery(64, [short]).commandsPerSecond.after.median).toBeNaN();
});

describe('the drawing', () => {
  const svg = recoveryDrawing(report);

  test('has a line a run, and the one with the median gap is strong', () => {
    expect(svg.match(/class="run"/g)).toHaveLength(2);
    expect(svg.match(/class="run median"/g)).toHaveLength(1);
    expect(svg).toContain('killed; 230 ms without an answer');
  });

  test('marks the kill and the restart, and names its axes', () => {
    for (const kind of ['kill', 'restart']) expect(svg).toContain(`<line class="${kind}"`);
    expect(svg).toContain('seconds since the kill');
    expect(svg).toContain('commands/s, 64 clients');
    expect(svg).toContain('prefers-color-scheme:dark');
  });

  test('is well-formed, and every number in it is one', () => expectWellFormed(svg));

  test('of nothing is nothing', () => {
    expect(recoveryDrawing({ ...report, runs: [] })).toBe('');
  });
});
