const AT_MOST = 6;
const SECONDS_AT_MOST = 20;

/** Round numbers from 0 on, evenly spaced, the last of them `most` or above it. */
export function ticksUpTo(most: number): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / (AT_MOST - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step);
}

/** Whole seconds between two times, evenly spaced. */
export function secondsWithin(fromMs: number, toMs: number): number[] {
  const step = Math.max(1, Math.ceil((toMs - fromMs) / (SECONDS_AT_MOST * 1000)));
  const first = Math.ceil(fromMs / 1000 / step) * step;
  const count = Math.floor((toMs / 1000 - first) / step) + 1;
  return Array.from({ length: count }, (_, i) => first + i * step);
}
