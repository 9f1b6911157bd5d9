import { secondsWithin, ticksUpTo } from '../drawing/axis-ticks.ts';
import { drawing, LEFT, RIGHT, round, valueLine, valueMark, WIDTH } from '../drawing/drawing.ts';
import type { ChaosReport } from './report.ts';

const TOP = 70;
const PLOT = 200;
const LANE_TOP = TOP + PLOT + 46;
const LANE = 20;
const LIST_TOP = LANE_TOP + LANE + 34;
const LINE = 18;

const styles = `
.rate{fill:none;stroke:var(--line);stroke-width:1.5}
.stop{fill:var(--alarm);opacity:.16}
.mark{stroke:var(--start);stroke-width:1.2;stroke-dasharray:4 3}
text.number{fill:var(--start);font-weight:700}
.passed{fill:var(--start);font-weight:700}
.failed{fill:var(--alarm);font-weight:700}
.reign{fill:var(--line);opacity:.28}
.nobody{fill:var(--alarm);opacity:.28}
text.name{fill:var(--ink)}`;

/** What an experiment did and saw, over time: writes, who led, and what happened. In SVG. */
export function timeLine(report: ChaosReport): string {
  const { title, endMs, happenings, writesPerSecond } = report;
  const rates = ticksUpTo(Math.max(...writesPerSecond));
  const top = rates.at(-1) ?? 1;
  const x = (ms: number): number => round(LEFT + (ms / endMs) * (WIDTH - LEFT - RIGHT));
  const y = (rate: number): number => round(TOP + PLOT - (rate / top) * PLOT);
  const height = LIST_TOP + happenings.length * LINE + 16;
  return drawing(title, height, styles, [
    verdictLine(report),
    `<rect class="stop" x="${x(report.stopAt)}" y="${TOP}" ` +
      `width="${round(x(report.stopAt + report.stopMs) - x(report.stopAt))}" height="${PLOT}"/>`,
    ...rates.map((rate) => valueLine(rate, y(rate))),
    ...secondsWithin(0, endMs).map((second) => valueMark(second, x(second * 1000), TOP + PLOT)),
    rateLine(report, x, y),
    ...happenings.map(({ at }, i) => mark(i + 1, x(at))),
    ...reigns(report, x),
    ...happenings.map(({ at, what }, i) => listed(i, `${(at / 1000).toFixed(1)} s: ${what}`)),
    `<text class="middle" transform="translate(18 ${TOP + PLOT / 2}) rotate(-90)">writes/s</text>`,
    `<text x="8" y="${LANE_TOP + 14}">leader</text>`,
  ]);
}

function verdictLine({ passed, stopMs, mostStopMs, complaints }: ChaosReport): string {
  const stop = `writes stopped for ${stopMs} ms, ${mostStopMs} ms are allowed`;
  const text = passed ? `passed: ${stop}` : `failed: ${complaints[0] ?? stop}`;
  return `<text class="${passed ? 'passed' : 'failed'}" x="${LEFT}" y="44">${escaped(text)}</text>`;
}

/** A step an interval. */
function rateLine(
  { writesPerSecond, intervalMs, endMs }: ChaosReport,
  x: (ms: number) => number,
  y: (rate: number) => number,
): string {
  const steps = writesPerSecond.map((rate, i) => {
    const to = y(rate);
    const start = i === 0 ? `M${x(0)} ${to}` : `V${to}`;
    return `${start}H${x(Math.min((i + 1) * intervalMs, endMs))}`;
  });
  return `<path class="rate" d="${steps.join('')}"/>`;
}

function mark(number: number, x: number): string {
  const end = LANE_TOP + LANE;
  return (
    `<line class="mark" x1="${x}" y1="${TOP - 8}" x2="${x}" y2="${end}"/>` +
    `<text class="number middle" x="${x}" y="${TOP - 12}">${number}</text>`
  );
}

function reigns({ reigns: all, endMs }: ChaosReport, x: (ms: number) => number): string[] {
  return all.map(({ at, leader }, i) => {
    const end = all[i + 1]?.at ?? endMs;
    const width = round(x(Math.min(end, endMs)) - x(at));
    const kind = leader === null ? 'nobody' : 'reign';
    const name = leader === null || width < 24 ? '' : escaped(leader);
    return (
      `<rect class="${kind}" x="${x(at)}" y="${LANE_TOP}" width="${width}" height="${LANE}"/>` +
      `<text class="name" x="${x(at) + 5}" y="${LANE_TOP + 14}">${name}</text>`
    );
  });
}

function listed(i: number, text: string): string {
  const y = LIST_TOP + i * LINE;
  return (
    `<text class="number end" x="${LEFT - 8}" y="${y}">${i + 1}</text>` +
    `<text x="${LEFT}" y="${y}">${escaped(text)}</text>`
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
