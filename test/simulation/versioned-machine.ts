import { FIRST_VERSION } from '../../contract/src/machine-version.ts';
import { StoredCount } from '../../machines/src/port/count.ts';
import type { StateMachine } from '../../machines/src/port/state-machine.ts';
import { BrokenInvariant } from './checks/invariants.ts';

const MARKS = 'marks';
const marks = new StoredCount(MARKS, 'operations');

/**
 * A machine that has a second version, as a later Synod might: it answers the same, and counts its
 * operations in a table of its own. So one operation in the wrong version shows for ever.
 * @param version the newest one that the process has
 */
export function versioned(machine: StateMachine, version: number): StateMachine {
  return {
    ...machine,
    version,
    boundsSince: FIRST_VERSION,
    tables: [...machine.tables, MARKS],
    apply(tables, operation, context) {
      if (context.version > version) {
        const text = `slot ${context.slot} is applied by who has not version ${context.version}`;
        throw new BrokenInvariant('upgrade', text);
      }
      if (context.version > 1) marks.write(tables, marks.read(tables) + 1);
      return machine.apply(tables, operation, context);
    },
  };
}
