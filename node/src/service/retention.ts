import type { Slot } from '../paxos/pvalue.ts';
import type { Log } from '../storage/log.ts';
import type { Barrier } from './barrier.ts';

export interface RetentionPorts {
  readonly log: Log;
  readonly barrier: Barrier;
  /** A slot from which on somebody else needs the log yet. */
  readonly neededFrom: () => Slot;
  readonly collected: (floor: Slot) => void;
  readonly failed: (error: Error) => void;
}

/** What the log lets go of: it is deleted once the floor that says so is durable. */
export class Retention {
  readonly #ports: RetentionPorts;
  /** The log has nothing below it, or is about to let go of it. */
  #collected: Slot;

  constructor(ports: RetentionPorts) {
    this.#ports = ports;
    this.#collected = ports.log.first;
  }

  /** Nobody needs what is below `floor`, as far as the member knows. */
  collect(floor: Slot): void {
    const { log, barrier, neededFrom, collected, failed } = this.#ports;
    const slot = log.collectable(Math.min(floor, neededFrom()));
    if (slot <= this.#collected) return;
    this.#collected = slot;
    barrier.persist({ type: 'floor', slot });
    barrier.hold(() => {
      log.collect(slot, failed);
      collected(slot);
    });
  }
}
