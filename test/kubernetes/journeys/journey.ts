import type { Load } from './load.ts';
import type { Release } from './release.ts';

/** Until a cluster that was disturbed has to be whole again. */
export const SETTLE_MS = 150_000;
/** A roll or a change of size goes member by member. */
export const CHANGE_MS = 240_000;

/** Everything is done in it. */
export const NAMESPACE = 'journeys';
/** Another release of that namespace. */
export const RIVAL = 'synod-rival';

/** Said at once, with the time. */
export function say(line: string): void {
  process.stderr.write(`${new Date().toISOString()} ${line}\n`);
}

/** What a person or a machine does to a cluster under load; it ends when all is well again. */
export interface Journey {
  readonly name: string;
  /** It is short enough for each run of CI. */
  readonly always: boolean;
  /** Its time goes by while nobody does anything: another way to do it shows nothing more. */
  readonly isLong?: boolean;
  readonly restartsApiServer?: boolean;
  run(release: Release, load: Load): Promise<void>;
}
