import { SnapshotError, type Snapshot } from '../../../contract/src/snapshot-file.ts';
import { InterruptedError } from '../local/interrupted-error.ts';

/* Where snapshots are: files of folders, or objects of buckets. */

/** It is where it was to be, and was not read there; `message` is a sentence. */
export class UncheckedError extends Error {
  override readonly name = 'UncheckedError';

  constructor(address: string, cause: unknown) {
    const why = cause instanceof InterruptedError ? 'It was interrupted.' : messageOf(cause);
    super(
      `${address} was saved, and could not be checked there: ${why} ` +
        `"synod snapshot verify ${address}" does that.`,
      { cause },
    );
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Of one snapshot. */
export interface SnapshotPlace {
  /** As a person names it. */
  readonly address: string;
  /**
   * Has `work` save one to a file, and brings it here. It has its name only when all of it is
   * here; then it is read under that name, and checked once more.
   * @throws what `work` throws; FileExistsError; SnapshotError when it is not what was saved;
   *   UncheckedError
   */
  save(work: (file: string) => Promise<Snapshot>): Promise<Snapshot>;
  /** Reads and checks all of it. @throws SnapshotError, or why it cannot be read */
  verify(): Promise<Snapshot>;
  /** Has `work` use it as a file, which may be gone afterwards. */
  use<T>(work: (file: string) => T | Promise<T>): Promise<T>;
}

/** Of those that are kept. */
export interface Shelf {
  /** @returns as a person names it */
  addressOf(name: string): string;
  place(name: string): SnapshotPlace;
  names(): Promise<readonly string[]>;
  /** What somebody left here who was killed in the middle, long ago. */
  left(isKept: (name: string) => boolean): Promise<readonly string[]>;
  /** Nor is it an error when it is not there. */
  remove(name: string): Promise<void>;
  /** It was there, and is no more. */
  isGone(error: unknown): boolean;
  /** Why one cannot be read, when it is about this one alone: a sentence. */
  troubleOf(error: unknown): string | undefined;
}

/** @throws SnapshotError when what was read under a name is not what was saved */
export function refuseOther(found: Snapshot, saved: Snapshot): void {
  if (found.hash === saved.hash) return;
  throw new SnapshotError('It was changed after it was saved: it is whole, and another one.');
}
