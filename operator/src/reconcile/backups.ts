import type { V1CronJob } from '@kubernetes/client-node';

/** What the CronJobs that save a cluster's snapshots say of them; times since 1970, in ms. */
export interface Backups {
  /** When the last one was saved that is whole. */
  readonly lastGood: number | undefined;
  /** When the last one was due, if nothing came of it, and nobody is at it any more. */
  readonly failed: number | undefined;
}

/** @returns `undefined` when there is no CronJob */
export function backupsOf(cronJobs: readonly V1CronJob[]): Backups | undefined {
  if (cronJobs.length === 0) return undefined;
  const all = cronJobs.map(({ status }) => status);
  const lastGood = newest(all.map((each) => each?.lastSuccessfulTime));
  const due = newest(all.map((each) => each?.lastScheduleTime));
  const isBusy = all.some((each) => (each?.active ?? []).length > 0);
  const isGood = due === undefined || (lastGood ?? 0) >= due;
  return { lastGood, failed: isBusy || isGood ? undefined : due };
}

/** They are text where they come from an API server. */
function newest(times: readonly (Date | string | undefined)[]): number | undefined {
  const known = times.flatMap((time) => (time === undefined ? [] : [new Date(time).getTime()]));
  return known.length === 0 ? undefined : Math.max(...known);
}
