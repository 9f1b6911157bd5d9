/**
 * Stored data failed its checks. The member stays up without roles and leaves the disk alone, so
 * that a person can look at it (design: "Damage").
 */
export class DamageError extends Error {
  override readonly name: string = 'DamageError';
  readonly file: string;
  readonly record: string;
  /** The sentence behind file and record. */
  readonly reason: string;

  constructor(file: string, record: string, reason: string) {
    super(`${file} is damaged at ${record}: ${reason}`);
    this.file = file;
    this.record = record;
    this.reason = reason;
  }
}
