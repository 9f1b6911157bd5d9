import type { MemberId } from './ballot.ts';
import { refusalOf, type Refusal } from './change.ts';
import type { Leader } from './leader.ts';
import { isQuorum } from './quorum.ts';
import type { Replica } from './replica.ts';
import type { Change } from './system-command.ts';
import type { Upgrades } from './upgrade.ts';

/** Why a leader does not propose a change. */
export type ProposalRefusal = Refusal | 'NOT_LEADING' | 'NO_QUORUM' | 'LAGS' | 'OLD_MACHINE';

/** Whether a change of the members may be proposed here, and whether the last one is over. */
export class Changes {
  readonly #leader: Leader;
  readonly #replica: Replica;
  readonly #upgrades: Upgrades;

  constructor(leader: Leader, replica: Replica, upgrades: Upgrades) {
    this.#leader = leader;
    this.#replica = replica;
    this.#upgrades = upgrades;
  }

  /** The version of the machine that a new voter has to have. */
  get machine(): number {
    return this.#upgrades.wanted(this.#replica.version, this.#replica.configurations);
  }

  /** @returns why this member does not propose it; `undefined` when it would */
  refusalOf(change: Change): ProposalRefusal | undefined {
    const { contact } = this.#leader;
    if (contact === undefined || !this.#leader.isInformed) return 'NOT_LEADING';
    const { slotOut, configurations } = this.#replica;
    const { newest, window } = configurations;
    const refusal = refusalOf(change, newest, newest.from <= slotOut);
    if (refusal !== undefined) return refusal;
    if (!change.forced && !contact.hasHeardQuorum(change.voters)) return 'NO_QUORUM';
    const added = change.voters.filter((voter) => !newest.voters.includes(voter));
    // Of those whose vote counts, each has on disk what the logs need not have any more.
    const collectable = Math.max(this.#leader.collectable, this.#leader.forgotten);
    const lags = (voter: MemberId): boolean =>
      !contact.hasHeardQuorum([voter]) ||
      contact.slotOut(voter) + window < slotOut ||
      contact.flushed(voter) < collectable;
    if (added.some(lags)) return 'LAGS';
    const isOld = (voter: MemberId): boolean => contact.machine(voter) < this.machine;
    return added.some(isOld) ? 'OLD_MACHINE' : undefined;
  }

  /**
   * Whether the newest configuration is in force, and a quorum of it has the slots before it on
   * disk: only then may a member that was removed stop, and the next change come.
   */
  get isSettled(): boolean {
    const { slotOut, configurations } = this.#replica;
    const { from, voters } = configurations.newest;
    const hasIt = (voter: MemberId): boolean => this.#leader.flushedBy(voter) >= from;
    return this.#leader.isInformed && slotOut >= from && isQuorum(voters, { has: hasIt });
  }
}
