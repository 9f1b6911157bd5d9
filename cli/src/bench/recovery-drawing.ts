import { secondsWithin, ticksUpTo } from '../drawing/axis-ticks.ts';
import { drawing, LEFT, RIGHT, round, valueLine, valueMark, WIDTH } from '../drawing/drawing.ts';
import type { RecoveryReport, RecoveryRun } from './recovery.ts';

const HEIGHT = 380;
const TOP = 72;
const BOTTOM = 56;

const styles = `
.run{fill:none;stroke:var(--line);opacity:.3}
.median{opacity:1;stroke-width:2}
.gap{fill:var(--alarm);opacity:.14}
.kill{stroke:var(--alarm);stroke-width:1.5}
.restart{stroke:var(--start);stroke-width:1.5;stroke-dasharray:5 3}
text.kill{fill:var(--alarm);stroke:none;font-weight:700}
text.restart{fill:var(--start);stroke:none;font-weight:700}
`;

/**
 * Throughput over time around the kill of a leader, in SVG: a line a run, the run with the median
 * gap strong, with its gap, the kill and the restart marked.
 */
export function recoveryDrawing({ runs, clients }: RecoveryReport): string {
  const median = medianRun(runs);
  if (median === undefined) return '';
  const most = Math.max(...runs.flatMap(({ commandsPerSecond }) => commandsPerSecond));
  const from = -Math.max(...runs.map(({ beforeMs }) => beforeMs));
  const to = Math.max(...runs.map(endOf));
  const rates = ticksUpTo(most);
  const top = rates.at(-1) ?? 1;
  const x = (ms: number): number =>
    round(LEFT + ((ms - from) / (to - from)) * (WIDTH - LEFT - RIGHT));
  const y = (rate: number): number =>
    round(HEIGHT - BOTTOM - (rate / top) * (HEIGHT - TOP - BOTTOM));
  const plot = { x, y };
  const others = runs.filter((run) => run !== median);
  const title = 'Throughput around the kill -9 of the leader';
  const ms = median.gap.ms.toFixed(0);
  return drawing(title, HEIGHT, styles, [
    ...rates.map((rate) => valueLine(rate, y(rate))),
    ...secondsWithin(from, to).map((second) =>
      valueMark(second, x(second * 1000), HEIGHT - BOTTOM),
    ),
    `<rect class="gap" x="${x(median.gap.at)}" y="${TOP}" ` +
      `width="${round(x(median.gap.at + median.gap.ms) - x(median.gap.at))}" ` +
      `height="${HEIGHT - TOP - BOTTOM}"/>`,
    ...others.map((run) => runLine(run, 'run', plot)),
    runLine(median, 'run median', plot),
    mark('kill', x(0), `killed; ${ms} ms without an answer`),
    mark('restart', x(median.restartMs), 'started again'),
    `<text class="middle" x="${round((LEFT + WIDTH - RIGHT) / 2)}" y="${HEIGHT - 12}">` +
      'seconds since the kill</text>',
    `<text class="middle" transform="translate(18 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)">` +
      `commands/s, ${clients} clients</text>`,
  ]);
}

/** The run whose gap is the median; of two, the shorter one. */
function medianRun(runs: readonly RecoveryRun[]): RecoveryRun | undefined {
  return [...runs].sort((a, b) => a.gap.ms - b.gap.ms)[Math.floor((runs.length - 1) / 2)];
}

function endOf({ commandsPerSecond, intervalMs, beforeMs }: RecoveryRun): number {
  return commandsPerSecond.length * intervalMs - beforeMs;
}

/** A step an interval. */
function runLine(
  run: RecoveryRun,
  kind: string,
  { x, y }: { readonly x: (ms: number) => number; readonly y: (rate: number) => number },
): string {
  const steps = run.commandsPerSecond.map((rate, i) => {
    const begin = i * run.intervalMs - run.beforeMs;
    return `${i === 0 ? `M${x(begin)} ${y(rate)}` : `V${y(rate)}`}H${x(begin + run.intervalMs)}`;
  });
  return `<path class="${kind}" d="${steps.join('')}"/>`;
}

function mark(kind: 'kill' | 'restart', x: number, text: string): string {
  const above = kind === 'kill' ? 36 : 18; // They may be close: each has its line.
  return (
    `<line class="${kind}" x1="${x}" y1="${TOP - above + 4}" x2="${x}" y2="${HEIGHT - BOTTOM}"/>` +
    `<text class="${kind}" x="${x + 5}" y="${TOP - above + 12}">${text}</text>`
  );
}
