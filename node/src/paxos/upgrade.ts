import type { MemberId } from './ballot.ts';
import type { Configurations } from './configurations.ts';
import type { Slot } from './pvalue.ts';
import type { Upgrade } from './system-command.ts';

/** The versions of the state machine that matter to a member. The core knows no machine. */
export interface MachineVersions {
  /** As of `slot_out`: it decides what the commands of the next slot do. */
  readonly inForce: number;
  /** The newest one that this member has; it has every older one, too. */
  readonly newest: number;
}

/**
 * When a leader proposes a newer version of the machine: as soon as every voter has said that it
 * has it. Whoever meets one that it has not must stop, so a majority might stop at once.
 */
export class Upgrades {
  readonly #self: MemberId;
  readonly #newest: number;
  #proposed: Upgrade = { version: 0, base: 0 };

  constructor(self: MemberId, newest: number) {
    this.#self = self;
    this.#newest = newest;
  }

  /**
   * @param newestOf what a voter said that it has
   * @returns what is to be proposed now; each is proposed once, for it stays so while it leads
   */
  due(
    inForce: number,
    slotOut: Slot,
    configurations: Configurations,
    newestOf: (voter: MemberId) => number,
  ): Upgrade | undefined {
    const voters = configurations.votersFrom(slotOut).flat();
    const others = voters.filter((voter) => voter !== this.#self);
    const version = Math.min(this.#newest, ...others.map(newestOf));
    const base = configurations.newest.number;
    const isProposed = version === this.#proposed.version && base === this.#proposed.base;
    if (version <= inForce || isProposed) return undefined;
    this.#proposed = { version, base };
    return this.#proposed;
  }

  /** Leadership is lost, and what was proposed with it. */
  drop(): void {
    this.#proposed = { version: 0, base: 0 };
  }

  /** What a new voter has to have: what is in force, or may soon be. */
  wanted(inForce: number, { newest }: Configurations): number {
    const { version, base } = this.#proposed;
    return base === newest.number ? Math.max(inForce, version) : inForce;
  }
}
