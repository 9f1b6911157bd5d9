import type { Another, Behind, Expulsion } from '../paxos/admission.ts';
import { formatIncarnation } from '../paxos/log-end.ts';
import { DamageError } from '../storage/damage.ts';
import { HaltError } from './halt-error.ts';

/** There is, or was, another process of the same member: one of them works on a copy. */
export class TwinError extends HaltError {
  override readonly name = 'TwinError';

  constructor({ by, other, own }: Another) {
    const heard = `${by} has heard run ${formatIncarnation(other)} of this member`;
    const isLater = other.count > own.count;
    super(
      'twin',
      isLater
        ? `${heard}, and this process is run ${formatIncarnation(own)}, an earlier one: its data ` +
            'folder is a copy, or was put back from an older copy. Stop this process. If no other ' +
            'one runs, start it again: it asks the others whether its data is complete.'
        : `${heard}, and this process is another one with the same number: its data folder, or that ` +
            'of the other one, is a copy, or was put back from an older copy. If both run, stop the ' +
            'one on the copy. Then start the other one again: it asks whether its data is complete.',
    );
  }
}

/** That its disk is an older copy was said late: until then, things were decided with it. */
export class LateWitnessError extends HaltError {
  override readonly name = 'LateWitnessError';

  constructor(expulsion: Behind) {
    super(
      'dissent',
      `The log of this member is an older copy: ${missing(expulsion)}. That was said after this ` +
        'member had voted. So its data may hold what was acknowledged and is nowhere else: keep it, ' +
        'and see docs/failures.md.',
    );
  }
}

/** Why a member gave up its roles, as an error that says what to do. */
export function errorOf(expulsion: Expulsion): DamageError | HaltError {
  if (expulsion.why === 'another') return new TwinError(expulsion);
  if (expulsion.hasVoted) return new LateWitnessError(expulsion);
  return new DamageError('the log', 'its end', `${missing(expulsion)}: this is an older copy`);
}

function missing({ by, said, sequence }: Behind): string {
  return `it ends at block ${sequence}, and ${by} has heard of block ${said}`;
}
