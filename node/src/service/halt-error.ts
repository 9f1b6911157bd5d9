import type { HaltCause } from '../../../contract/src/status.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Slot } from '../paxos/pvalue.ts';

/**
 * A member may not go on, and nobody but a person can say what is right. It gives up its roles and
 * stays up, and nothing of its data is deleted.
 */
export class HaltError extends Error {
  override readonly name: string = 'HaltError';
  readonly why: HaltCause;

  constructor(why: HaltCause, message: string) {
    super(message);
    this.why = why;
  }
}

/** Others have decided something else than this member, and no majority is on its side. */
export function historyError(differing: ReadonlyMap<MemberId, Slot>): HaltError {
  const others = [...differing].map(([member, slot]) => `${member} (below slot ${slot})`);
  return new HaltError(
    'dissent',
    `What this member has as decided is not what others have: ${others.join(', ')}. No majority is ` +
      'on its side, so it does not go on. Its data may hold what was acknowledged and is nowhere ' +
      'else: keep it, and see docs/failures.md.',
  );
}

/** The members' states differ, and no majority has the same. */
export function splitError(slot: Slot, table: string): HaltError {
  return new HaltError(
    'dissent',
    `After slot ${slot} no majority of the members has the same table ${table}: nobody goes on. ` +
      'See docs/failures.md.',
  );
}
