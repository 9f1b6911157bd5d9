import type { V1CronJob } from '@kubernetes/client-node';
import { backupsOf } from '../../../operator/src/observation/backups.ts';

/* By when there should have been another snapshot. */

const made = new Date('2030-01-01T12:00:00Z');
const HOUR_MS = 60 * 60_000;

function cronJob(schedule: string, more: object = {}, status: object = {}): V1CronJob {
  const metadata = { name: 'backup', creationTimestamp: made };
  return { metadata, spec: { schedule, ...more } as V1CronJob['spec'] & object, status };
}

/** When there should have been the second one, to the minute. */
function dueAt(...jobs: V1CronJob[]): string | undefined {
  const { overdue } = backupsOf(jobs, made.getTime() + 365 * 24 * HOUR_MS) ?? {};
  return overdue && new Date(overdue.due).toISOString().slice(5, 16);
}

test.each([
  ['each night', '30 2 * * *', {}, '01-03T02:30'],
  ['each hour', '@hourly', {}, '01-01T14:00'],
  ['on working days: Tuesday is the first of January', '0 3 * * 1-5', {}, '01-03T03:00'],
  ['before a week-end', '0 3 * * FRI', {}, '01-11T03:00'],
  ['at an offset, and each so many', '5/20 * * * *', {}, '01-01T12:25'],
  ['from a day on, each so many', '0 0 2/7 * *', {}, '01-09T00:00'],
  ['so long after the last one', '@every 1h30m', {}, '01-01T15:00'],
  ['in a zone', '30 2 * * *', { timeZone: 'America/New_York' }, '01-03T07:30'],
  ['on a day that never comes', '0 0 30 2 *', {}, undefined],
  ['in a zone that nobody knows', '0 0 * * *', { timeZone: 'Mars/Olympus' }, undefined],
  ['with no time at all', 'whenever', {}, undefined],
])('%s: %s', (_, schedule, more, at) => {
  expect(dueAt(cronJob(schedule, more))).toBe(at);
});

test('the good one counts, and not the CronJob, once there is one; the newest of all', () => {
  const good = { lastSuccessfulTime: '2030-01-04T02:31:00Z' };
  const nightly = cronJob('30 2 * * *', {}, good);
  expect(dueAt(nightly)).toBe('01-06T02:30');
  expect(dueAt(cronJob('0 * * * *'), nightly)).toBe('01-04T04:00');
});

test('what is due has an hour until it is overdue; of two, whichever is', () => {
  const due = Date.UTC(2030, 0, 3, 2, 30);
  const jobs = [cronJob('0 0 1 * *'), cronJob('30 2 * * *', { suspend: true })];
  expect(backupsOf(jobs, due + HOUR_MS - 1)?.overdue).toBeUndefined();
  const overdue = { cronJob: 'backup', isSuspended: true, due };
  expect(backupsOf(jobs, due + HOUR_MS)?.overdue).toEqual(overdue);
});

test('without a CronJob nobody expects one', () => {
  expect(backupsOf([], made.getTime())).toBeUndefined();
});
