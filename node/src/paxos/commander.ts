import { compareBallots, type Ballot, type MemberId } from './ballot.ts';
import type { P2b, Preempted } from './messages.ts';
import type { Slot, Value } from './pvalue.ts';
import { Quorum } from './quorum.ts';
import { Retransmission, type Timing } from './timing.ts';

/** A quorum accepted the commander's pvalue: it is decided. */
export interface Decided {
  readonly type: 'decided';
}

/** The commander: gets one pvalue accepted by a quorum (PMMC figure 6a). */
export class Commander {
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly value: Value;
  readonly #quorum: Quorum;
  readonly #timing: Timing;
  readonly #retransmission: Retransmission;
  #isUrgent = false;

  constructor(
    ballot: Ballot,
    slot: Slot,
    value: Value,
    voters: readonly MemberId[],
    timing: Timing,
  ) {
    this.ballot = ballot;
    this.slot = slot;
    this.value = value;
    this.#quorum = new Quorum([voters]);
    this.#timing = timing;
    this.#retransmission = new Retransmission(timing.retransmit, timing.retransmitLongest);
  }

  /** @returns what it means for the leader; `undefined` while there is no quorum yet */
  p2b(from: MemberId, { ballot }: P2b): Decided | Preempted | undefined {
    const order = compareBallots(ballot, this.ballot);
    if (order > 0) return { type: 'preempted', ballot };
    if (order < 0) return undefined; // Stale: an answer to somebody's lower ballot.
    this.#quorum.add(from);
    return this.#quorum.reached ? { type: 'decided' } : undefined;
  }

  /**
   * One tick passed. The intervals grow: WINDOW slots that come again and again would be too much
   * for a disk or a network that is slow. What holds up all others is a single one, and its
   * intervals grow no longer than a leader may be silent.
   * @param isUrgent whether all slots before it are applied, and those after it wait for it
   * @returns the acceptors to send the p2a to again
   */
  tick(random: number, isUrgent = false): MemberId[] {
    if (isUrgent && !this.#isUrgent) {
      this.#isUrgent = true;
      this.#retransmission.shorten(this.#timing.retransmit, this.#timing.election);
    }
    return this.#retransmission.tick(random) ? this.#quorum.missing : [];
  }
}
