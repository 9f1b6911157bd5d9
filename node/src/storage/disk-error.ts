/**
 * A write or sync failed. It is never tried again: a second sync can succeed while what the first
 * one should have written is gone. The process ends, and the next one reads what is there.
 */
export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly file: string;

  /** @param what was asked of the file, as a past participle */
  constructor(
    file: string,
    what: 'made' | 'read' | 'written' | 'synced' | 'removed',
    cause: unknown,
  ) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`${file} could not be ${what}: ${why}. Once the disk is well, start it again.`, {
      cause,
    });
    this.file = file;
  }
}
