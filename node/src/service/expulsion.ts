import type { Expulsion } from '../paxos/admission.ts';
import { formatIncarnation } from '../paxos/log-end.ts';
import { HaltError } from './halt-error.ts';
import { DamageError } from '../storage/damage.ts';

/** There is, or was, another process of the same member: one of them works on a copy. */
export class TwinError extends HaltError {
  override readonly name = 'TwinError';

  constructor(message: string) {
    super('twin', message);
  }
}

/** Why a member gave up its roles, as an error that says what to do. */
export function errorOf(expulsion: Expulsion): DamageError | TwinError {
  const { by } = expulsion;
  if (expulsion.why === 'behind') {
    const { said, sequence } = expulsion;
    const reason = `it ends at block ${sequence}, and ${by} has heard of block ${said}`;
    return new DamageError('the log', 'its end', `${reason}: this is an older copy`);
  }
  return new TwinError(
    `A second process runs, or ran, under the id of this member, or its data folder was put back ` +
      `from an older copy: ${by} has heard its run ${formatIncarnation(expulsion.other)}. Stop one ` +
      'of the two; then start the other one again.',
  );
}
