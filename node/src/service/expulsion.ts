import type { Behind, Expulsion } from '../paxos/admission.ts';
import { formatIncarnation, type Incarnation } from '../paxos/log-end.ts';
import { DamageError } from '../storage/damage.ts';
import { HaltError } from './halt-error.ts';

/** There is, or was, another process of the same member: one of them works on a copy. */
export class TwinError extends HaltError {
  override readonly name = 'TwinError';

  constructor(by: string, other: Incarnation) {
    super(
      'twin',
      `A second process runs, or ran, under the id of this member, or its data folder was put back ` +
        `from an older copy: ${by} has heard its run ${formatIncarnation(other)}. Stop one of the ` +
        'two; then start the other one again.',
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
  if (expulsion.why === 'another') return new TwinError(expulsion.by, expulsion.other);
  if (expulsion.hasVoted) return new LateWitnessError(expulsion);
  return new DamageError('the log', 'its end', `${missing(expulsion)}: this is an older copy`);
}

function missing({ by, said, sequence }: Behind): string {
  return `it ends at block ${sequence}, and ${by} has heard of block ${said}`;
}
