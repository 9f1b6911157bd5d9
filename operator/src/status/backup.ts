import type { PaxosClusterStatus } from '../api/status.ts';
import type { Note } from '../reconcile/action.ts';
import type { Backups } from '../reconcile/backups.ts';
import { timeOf } from './condition.ts';

export function backupStatus({ lastGood }: Backups): NonNullable<PaxosClusterStatus['backup']> {
  return lastGood === undefined ? {} : { lastGoodTime: timeOf(lastGood) };
}

/** The last one that was due was not saved. */
export function failedBackup(backups: Backups | undefined): Note[] {
  const { lastGood, failed } = backups ?? {};
  if (failed === undefined) return [];
  const good =
    lastGood === undefined ? 'There is none' : `The last good one is of ${timeOf(lastGood)}`;
  const message =
    `The snapshot that was due at ${timeOf(failed)} was not saved: the log of its Job says why. ` +
    `${good}.`;
  return [{ reason: 'BackupFailed', message }];
}
