import type { ChaosReport } from '../chaos/report.ts';

const WIDTH = 88;

/** An experiment in a few lines: the verdict, and what it rests on. */
export function chaosText(report: ChaosReport): string {
  const { experiment, passed, complaints, writes, reads, unknown, perSecond } = report;
  const { stopMs, mostStopMs, convergedMs } = report;
  const verdict = passed ? 'passed' : 'FAILED';
  const calls = `${writes} writes and ${reads} reads were answered (${perSecond} a second before)`;
  const lost = unknown === 0 ? '' : `; of ${unknown} more writes no client knows the outcome`;
  const stop = `Writes stopped for ${stopMs} ms at most; ${mostStopMs} ms are allowed.`;
  const well = convergedMs === null ? [] : [`All was well ${convergedMs} ms after the last step.`];
  return [
    `${experiment} ${verdict}.`,
    `${calls}${lost}.`,
    stop,
    ...well,
    ...complaints.map((complaint) => `! ${complaint}.`),
  ].join('\n');
}

export function listText(
  all: readonly { readonly name: string; readonly title: string; readonly about: string }[],
): string {
  return all
    .map(({ name, title, about }) => [`${name}: ${title}`, ...wrapped(about)].join('\n  '))
    .join('\n\n');
}

/** Lines that a terminal shows whole. */
function wrapped(text: string): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}
