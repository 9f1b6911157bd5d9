import Table from 'cli-table3';
import type { Sums } from './campaign.ts';

/** What a campaign was, for a person or as JSON. */
export function sumsText(sums: Sums, form: 'text' | 'json'): string {
  const { faults, failed, ...rest } = sums;
  if (form === 'json') {
    return JSON.stringify({ ...rest, failed: failed.length, faults: Object.fromEntries(faults) });
  }
  const { seed, runs, steps, messages, garbled, begun, answered, decided, elections } = sums;
  const { changes, collections, transfers, restarts, simulatedMs, elapsedMs } = sums;
  const seconds = elapsedMs / 1000;
  const table = new Table({ style: { head: [], border: [] } });
  const number = (value: number): string => value.toLocaleString('en');
  table.push(
    ['first seed', seed],
    ['runs', `${number(runs)}, ${failed.length} failed`],
    ['steps', number(steps)],
    ['messages', `${number(messages)} (${number(Math.round(messages / seconds))} a second)`],
    ['frames in which a bit was flipped', number(garbled)],
    ['parts of frames', number(sums.parts)],
    ['operations', `${number(begun)} begun, ${number(answered)} answered`],
    ['slots decided', number(decided)],
    ['elections', number(elections)],
    ['changes of the configuration', number(changes)],
    ['logs that were collected', number(collections)],
    ['states that were taken', number(transfers)],
    ['members begun again', number(restarts)],
    ['sessions that expired', number(sums.expired)],
    ['commands refused over the quota', number(sums.refused)],
    ['seconds', seconds.toFixed(1)],
    ['simulated / real', (simulatedMs / elapsedMs).toFixed(0)],
  );
  for (const [kind, { armed, strikes }] of [...faults].sort()) {
    table.push([`fault: ${kind}`, `${number(strikes)} in ${number(armed)} runs`]);
  }
  return table.toString();
}
