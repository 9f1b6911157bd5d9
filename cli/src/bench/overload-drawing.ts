import { ticksUpTo } from '../drawing/axis-ticks.ts';
import { drawing, LEFT, RIGHT, round, valueLine, valueMark, WIDTH } from '../drawing/drawing.ts';
import type { OverloadPoint, OverloadReport } from './overload.ts';

const HEIGHT = 520;
/** Where the two parts begin and end: what was answered, and how long that took. */
const RATES = { top: 56, bottom: 272 };
const TIMES = { top: 312, bottom: 464 };

const styles = `
.offered{fill:none;stroke:var(--quiet);stroke-dasharray:5 3}
.answered{fill:none;stroke:var(--line);stroke-width:2}
.failed{fill:none;stroke:var(--alarm);stroke-width:2}
.half{fill:none;stroke:var(--start);stroke-width:2}
text.offered{fill:var(--quiet);stroke:none}
text.answered{fill:var(--line);stroke:none;font-weight:700}
text.failed{fill:var(--alarm);stroke:none;font-weight:700}
text.half{fill:var(--start);stroke:none;font-weight:700}
`;

interface Part {
  readonly top: number;
  readonly bottom: number;
}

/** What was answered of what was offered, and within which time, in SVG; medians of all rounds. */
export function overloadDrawing({ points, capacityPerSecond }: OverloadReport): string {
  if (points.length === 0) return '';
  const most = Math.max(...points.map(({ offeredPerSecond }) => offeredPerSecond.median));
  const across = ticksUpTo(most);
  const x = (rate: number): number =>
    round(LEFT + (rate / (across.at(-1) ?? 1)) * (WIDTH - LEFT - RIGHT));
  const rate = scaleOf(RATES, across.at(-1) ?? 1);
  const longest = Math.max(...points.map(({ p99Ms }) => p99Ms.median));
  const times = ticksUpTo(longest);
  const time = scaleOf(TIMES, times.at(-1) ?? 1);
  const line = (kind: string, y: (point: OverloadPoint) => number): string => {
    const places = points.map((point) => `${x(point.offeredPerSecond.median)} ${y(point)}`);
    return `<path class="${kind}" d="M${places.join('L')}"/>`;
  };
  return drawing('What a cluster answers of what it is asked', HEIGHT, styles, [
    ...across.map((value) => valueLine(value, rate(value))),
    line('offered', ({ offeredPerSecond }) => rate(offeredPerSecond.median)),
    line('answered', ({ answeredPerSecond }) => rate(answeredPerSecond.median)),
    line('failed', ({ failedPerSecond }) => rate(failedPerSecond.median)),
    ...legend(RATES.top - 8, ['offered', 'answered', 'failed'], ['offered', 'answered', 'failed']),
    upright(RATES, 'commands/s'),
    ...times.map((value) => valueLine(value, time(value))),
    line('answered', ({ p99Ms }) => time(p99Ms.median)),
    line('half', ({ p50Ms }) => time(p50Ms.median)),
    ...legend(TIMES.top - 8, ['answered', 'half'], ['99 % within', 'half within']),
    upright(TIMES, 'ms'),
    ...across.map((value) => valueMark(value, x(value), TIMES.bottom)),
    `<text class="middle" x="${round((LEFT + WIDTH - RIGHT) / 2)}" y="${HEIGHT - 12}">` +
      'commands/s offered; closed-loop clients got ' +
      `${Math.round(capacityPerSecond.median).toLocaleString('en')}</text>`,
  ]);
}

function scaleOf({ top, bottom }: Part, most: number): (value: number) => number {
  return (value) => round(bottom - (value / most) * (bottom - top));
}

function legend(y: number, kinds: readonly string[], names: readonly string[]): string[] {
  return kinds.map((kind, i) => {
    return `<text class="${kind}" x="${LEFT + 110 * i}" y="${y}">${names[i] ?? ''}</text>`;
  });
}

function upright({ top, bottom }: Part, text: string): string {
  const place = `translate(18 ${(top + bottom) / 2}) rotate(-90)`;
  return `<text class="middle" transform="${place}">${text}</text>`;
}
