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
  readonly #retransmission: Retransmission;

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

  /** @returns the acceptors to send the p2a to again */
  tick(random: number): MemberId[] {
    return this.#retransmission.tick(random) ? this.#quorum.missing : [];
  }
}
