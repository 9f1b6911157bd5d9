import type { Shown } from './session.ts';

const COLUMNS = 112;
const ROWS = 24;
const CHARACTER = { width: 7.22, height: 17 };
const MARGIN = 14;
const TYPED_MS = 45;
/** So long somebody looks at an answer: each line of it takes time to read. */
const LOOK_MS = 900;
const LINE_MS = 180;
/** All of it stays to be seen before it begins again. */
const END_MS = 5_000;
const PROMPT = '$ ';

/** A line of the terminal, with the milliseconds at which it comes, or begins to be typed. */
interface Line {
  readonly text: string;
  readonly at: number;
  readonly isTyped: boolean;
}

/** A terminal that shows a session, again and again: an SVG. Who wants no motion sees its end. */
export function drawing(shown: readonly Shown[]): string {
  const { lines, forMs } = timed(shown);
  const [width, height] = [COLUMNS * CHARACTER.width, ROWS * CHARACTER.height];
  const scrolled = Math.max(0, lines.length - ROWS) * CHARACTER.height;
  const style = [
    `.all text{font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}`,
    `.all text{fill:#d6deeb}.typed{fill:#a5e07a!important;font-weight:600!important}`,
    `.scroll{transform:translateY(${-scrolled}px)}`,
    `@media (prefers-reduced-motion:no-preference){`,
    `.all text,.scroll{animation-duration:${forMs}ms;animation-iteration-count:infinite;animation-timing-function:step-end}`,
    ...appearances(lines, forMs),
    scrolling(lines, forMs),
    `}`,
  ].join('\n');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 2 * MARGIN} ${height + 2 * MARGIN}" role="img" aria-label="A terminal: a cluster is looked at, written to, loses its leader, and gets it back">`,
    `<style>${style}</style>`,
    `<rect width="100%" height="100%" rx="8" fill="#16202b"/>`,
    `<svg x="${MARGIN}" y="${MARGIN}" width="${width}" height="${height}" class="all"><g class="scroll">`,
    ...lines.map((line, row) => drawn(line, row)),
    `</g></svg></svg>`,
    '',
  ].join('\n');
}

function timed(shown: readonly Shown[]): { lines: Line[]; forMs: number } {
  const lines: Line[] = [];
  let now = 500;
  for (const { command, lines: answer, tookMs } of shown) {
    lines.push({ text: PROMPT + command, at: now, isTyped: true });
    now += command.length * TYPED_MS + tookMs;
    for (const text of answer) lines.push({ text, at: now, isTyped: false });
    now += LOOK_MS + answer.length * LINE_MS;
  }
  return { lines, forMs: Math.round(now + END_MS) };
}

function drawn({ text, isTyped }: Line, row: number): string {
  const y = ((row + 0.75) * CHARACTER.height).toFixed(1);
  const width = (text.length * CHARACTER.width).toFixed(1);
  const kind = isTyped ? ` class="typed l${row}"` : ` class="l${row}"`;
  return `<text x="0" y="${y}" textLength="${width}"${kind}>${escaped(text)}</text>`;
}

/** Every line comes at its time; what is typed is uncovered a character at a time. */
function appearances(lines: readonly Line[], forMs: number): string[] {
  const share = (at: number): string => shareOf(at, forMs);
  return lines.flatMap(({ text, at, isTyped }, row) => {
    const name = `.l${row}{animation-name:l${row}}`;
    if (!isTyped)
      return [`${name}@keyframes l${row}{0%{visibility:hidden}${share(at)}{visibility:visible}}`];
    const typed = Array.from({ length: text.length - PROMPT.length + 1 }, (_, typedSoFar) => {
      const hidden = (1 - (PROMPT.length + typedSoFar) / text.length) * 100;
      return `${share(at + typedSoFar * TYPED_MS)}{visibility:visible;clip-path:inset(0 ${hidden.toFixed(1)}% 0 0)}`;
    });
    return [`${name}@keyframes l${row}{0%{visibility:hidden}${typed.join('')}}`];
  });
}

function scrolling(lines: readonly Line[], forMs: number): string {
  const steps = lines.slice(ROWS).map(({ at }, i) => {
    const up = (i + 1) * CHARACTER.height;
    return `${shareOf(at, forMs)}{transform:translateY(${-up}px)}`;
  });
  return `.scroll{animation-name:up}@keyframes up{0%{transform:none}${steps.join('')}}`;
}

function shareOf(at: number, forMs: number): string {
  return `${((100 * at) / forMs).toFixed(2)}%`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
