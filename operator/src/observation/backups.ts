import type { V1CronJob } from '@kubernetes/client-node';
import { Cron } from 'croner';

/** What the CronJobs that save a cluster's snapshots say of them; times since 1970, in ms. */
export interface Backups {
  /** When the last one was saved that is whole. */
  readonly lastGood: number | undefined;
  /** When the last one was due, if nothing came of it, and nobody is at it any more. */
  readonly failed: number | undefined;
  /** By whose schedule there should be a newer one, if there should. */
  readonly overdue: OverdueBackup | undefined;
}

export interface OverdueBackup {
  readonly cronJob: string;
  readonly isSuspended: boolean;
  /** When the second one was due since the last good one, or since there is the CronJob. */
  readonly due: number;
}

/** So long the Job of one that was due may be begun, or be at it. */
const GRACE_MS = 60 * 60_000;

/** @returns `undefined` when there is no CronJob */
export function backupsOf(cronJobs: readonly V1CronJob[], now: number): Backups | undefined {
  if (cronJobs.length === 0) return undefined;
  const all = cronJobs.map(({ status }) => status);
  const lastGood = newest(all.map((each) => each?.lastSuccessfulTime));
  const due = newest(all.map((each) => each?.lastScheduleTime));
  const isBusy = all.some((each) => (each?.active ?? []).length > 0);
  const isGood = due === undefined || (lastGood ?? 0) >= due;
  const [overdue] = cronJobs.flatMap((each) => overdueBy(each, lastGood, now) ?? []);
  return { lastGood, failed: isBusy || isGood ? undefined : due, overdue };
}

function overdueBy(
  { metadata, spec }: V1CronJob,
  lastGood: number | undefined,
  now: number,
): OverdueBackup | undefined {
  const since = newest([metadata?.creationTimestamp, lastGood]);
  if (spec === undefined || since === undefined) return undefined;
  const due = secondDue(spec.schedule, spec.timeZone, since);
  if (due === undefined || due + GRACE_MS > now) return undefined;
  return { cronJob: metadata?.name ?? '', isSuspended: spec.suspend === true, due };
}

const unitMs = { h: 60 * 60_000, m: 60_000, s: 1_000 } as const;

/** @returns `undefined` when the schedule is none like `@every 1h30m` */
function everyMs(schedule: string): number | undefined {
  const [, duration = ''] = /^@every ((?:\d+(?:\.\d+)?[hms])+)$/.exec(schedule.trim()) ?? [];
  if (duration === '') return undefined;
  const parts = [...duration.matchAll(/([\d.]+)([hms])/g)];
  return parts.reduce(
    (sum, [, n, unit]) => sum + Number(n) * unitMs[unit as keyof typeof unitMs],
    0,
  );
}

/** @returns `undefined` when the schedule says no time, or is none that is understood here */
function secondDue(schedule: string, timezone = 'Etc/UTC', since: number): number | undefined {
  try {
    const every = everyMs(schedule);
    if (every !== undefined) return since + 2 * every;
    // Kubernetes takes 5/20 for 5-59/20, too.
    const cron = new Cron(schedule, { timezone, paused: true, sloppyRanges: true });
    return cron.nextRuns(2, new Date(since))[1]?.getTime();
  } catch {
    return undefined; // Whatever Kubernetes makes of it, it is no reason to stop here.
  }
}

/** They are text where they come from an API server. */
function newest(times: readonly (Date | string | number | undefined)[]): number | undefined {
  const known = times.flatMap((time) => (time === undefined ? [] : [new Date(time).getTime()]));
  return known.length === 0 ? undefined : Math.max(...known);
}
