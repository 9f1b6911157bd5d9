import { compareBallots, type Ballot, type MemberId } from './ballot.ts';
import type { Effect } from './effects.ts';
import type { Canvassed } from './messages.ts';
import { Quorum } from './quorum.ts';
import { Retransmission, type Timing } from './timing.ts';

/**
 * Asks, before a ballot is used, whether a quorum misses a leader. So a member that hears nobody,
 * or that comes back, neither disturbs a leader that works nor raises ballots for ever. Support
 * promises nothing, and is not durable: only phase 1 makes a leader. (Not in PMMC; the purpose of
 * Raft's pre-vote, Ongaro's dissertation, 9.6.)
 */
export class Canvass {
  readonly ballot: Ballot;
  readonly #quorum: Quorum;
  readonly #retransmission: Retransmission;

  /**
   * @param self supports itself
   * @param configurations the voters of each of which a quorum is needed
   */
  constructor(
    ballot: Ballot,
    self: MemberId,
    configurations: readonly (readonly MemberId[])[],
    timing: Timing,
  ) {
    this.ballot = ballot;
    this.#quorum = new Quorum(configurations);
    this.#quorum.add(self);
    this.#retransmission = new Retransmission(timing.retransmit, timing.retransmitLongest);
  }

  /** Whether a quorum supports it. */
  get supported(): boolean {
    return this.#quorum.reached;
  }

  ask(): Effect[] {
    const to = this.#quorum.missing;
    return [{ type: 'send', to, message: { type: 'canvass', ballot: this.ballot } }];
  }

  canvassed(from: MemberId, { ballot, supports }: Canvassed): void {
    if (supports && compareBallots(ballot, this.ballot) === 0) this.#quorum.add(from);
  }

  tick(random: number): Effect[] {
    return this.#retransmission.tick(random) ? this.ask() : [];
  }
}
