import type { PaxosClusterStatus } from '../api/status.ts';
import type { Note } from '../observation/note.ts';
import type { Backups } from '../observation/backups.ts';
import { timeOf } from './condition.ts';

export function backupStatus({ lastGood }: Backups): NonNullable<PaxosClusterStatus['backup']> {
  return lastGood === undefined ? {} : { lastGoodTime: timeOf(lastGood) };
}

/** The last one that was due was not saved, or the last good one is older than it should be. */
export function missingBackup(backups: Backups | undefined): Note[] {
  const { lastGood, failed, overdue } = backups ?? {};
  const good =
    lastGood === undefined ? 'There is none.' : `The last good one is of ${timeOf(lastGood)}.`;
  if (failed !== undefined) {
    const message =
      `The snapshot that was due at ${timeOf(failed)} was not saved: the log of its Job says why. ` +
      good;
    return [{ reason: 'BackupFailed', message }];
  }
  if (overdue === undefined) return [];
  const { cronJob, isSuspended, due } = overdue;
  const todo = isSuspended
    ? `the CronJob ${cronJob} is suspended: have it go on.`
    : `see whether the CronJob ${cronJob} makes Jobs, and what hinders them.`;
  const message =
    `No snapshot was saved for twice as long as the schedule says: one was due again at ` +
    `${timeOf(due)}. ${good} To do: ${todo}`;
  return [{ reason: 'BackupOverdue', message }];
}
