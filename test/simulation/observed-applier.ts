import { Applier, type AppliedCommand, type InForce } from '../../node/src/machine/applier.ts';
import type { StateMachine } from '../../machines/src/port/state-machine.ts';
import type { Bytes, Tables } from '../../machines/src/port/tables.ts';

/** Tells of each slot before it is applied: the tables are as all slots below it left them. */
export class ObservedApplier extends Applier {
  readonly #applying: (slot: number) => void;

  constructor(
    machine: StateMachine,
    tables: Tables,
    inForce: InForce,
    applying: (slot: number) => void,
  ) {
    super(machine, tables, inForce);
    this.#applying = applying;
  }

  override apply(slot: number, value: readonly Bytes[]): AppliedCommand[] {
    this.#applying(slot);
    return super.apply(slot, value);
  }
}
