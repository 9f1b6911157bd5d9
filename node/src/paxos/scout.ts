import { compareBallots, type Ballot, type MemberId } from './ballot.ts';
import type { Effect } from './effects.ts';
import type { Adopted, P1b, Preempted } from './messages.ts';
import type { Pvalue, Slot } from './pvalue.ts';
import { Quorum } from './quorum.ts';
import { Retransmission, type Timing } from './timing.ts';

/**
 * The scout: gets a ballot adopted by a quorum and collects what those acceptors accepted (PMMC
 * figure 6b). An acceptor reports in pages; it counts once its pages cover everything from the
 * slot in question to the end, without a gap. It needs a quorum in every configuration that rules
 * an undecided slot, in force or pending.
 */
export class Scout {
  readonly ballot: Ballot;
  readonly #from: Slot;
  readonly #quorum: Quorum;
  readonly #retransmission: Retransmission;
  readonly #covered = new Map<MemberId, Slot>();
  readonly #pvalues = new Map<Slot, Pvalue>();
  #forgotten: Slot = 0;

  /**
   * @param from the leader's `slot_out`, or the first slot of a configuration that is new to it
   * @param configurations the voters of each that rules an undecided slot from there on
   */
  constructor(
    ballot: Ballot,
    from: Slot,
    configurations: readonly (readonly MemberId[])[],
    timing: Timing,
  ) {
    this.ballot = ballot;
    this.#from = from;
    this.#quorum = new Quorum(configurations);
    this.#retransmission = new Retransmission(timing.retransmit, timing.retransmitLongest);
  }

  start(): Effect[] {
    return [this.#ask(this.#quorum.voters, this.#from)];
  }

  /** @returns the request for the next page, or what it means for the leader */
  p1b(from: MemberId, page: P1b): Effect[] | Adopted | Preempted {
    const order = compareBallots(page.ballot, this.ballot);
    if (order > 0) return { type: 'preempted', ballot: page.ballot };
    if (order < 0 || !this.#quorum.voters.includes(from)) return []; // Stale, or it has no vote.
    const covered = this.#covered.get(from) ?? this.#from;
    if (page.from !== covered) return []; // A duplicate, or a page that would leave a gap.

    this.#retransmission.reset();
    this.#forgotten = Math.max(this.#forgotten, page.forgotten);
    for (const pvalue of page.pvalues) this.#keepHighest(pvalue);
    if (page.next !== undefined) {
      if (page.next <= covered) return [];
      this.#covered.set(from, page.next);
      return [this.#ask([from], page.next)];
    }
    this.#quorum.add(from);
    if (!this.#quorum.reached) return [];
    return {
      type: 'adopted',
      ballot: this.ballot,
      from: this.#from,
      forgotten: this.#forgotten,
      pvalues: this.#pvalues,
    };
  }

  tick(random: number): Effect[] {
    if (!this.#retransmission.tick(random)) return [];
    return this.#quorum.missing.map((voter) =>
      this.#ask([voter], this.#covered.get(voter) ?? this.#from),
    );
  }

  /** C2: of each slot the pvalue with the highest ballot counts (pmax). */
  #keepHighest(pvalue: Pvalue): void {
    const kept = this.#pvalues.get(pvalue.slot);
    if (compareBallots(kept?.ballot, pvalue.ballot) < 0) this.#pvalues.set(pvalue.slot, pvalue);
  }

  #ask(to: readonly MemberId[], from: Slot): Effect {
    return { type: 'send', to, message: { type: 'p1a', ballot: this.ballot, from } };
  }
}
