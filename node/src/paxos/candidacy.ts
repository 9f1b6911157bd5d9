import { compareBallots, type Ballot, type MemberId } from './ballot.ts';
import { Canvass } from './canvass.ts';
import { send, type Effect } from './effects.ts';
import { electionOf, type Election } from './election.ts';
import type { Canvassed } from './messages.ts';
import type { Slot } from './pvalue.ts';
import type { LeadershipMode } from './regime.ts';
import type { Timing } from './timing.ts';

/** A member that asked for support. */
export interface Candidate {
  readonly from: MemberId;
  readonly ballot: Ballot;
}

/** What this member is doing when somebody asks for its support. */
export interface Doing {
  /** The ballot of its own phase 1. */
  readonly scouting: Ballot | undefined;
  /** Ticks that phase 1 may take. */
  readonly phaseOne: number;
  readonly slotOut: Slot;
}

/**
 * The way to the lead, of a member that does not lead: whom it takes for the leader, when it misses
 * that one, whom it supports, and its own canvass. (In PMMC every leader tries, again and again.)
 */
export class Candidacy {
  readonly #self: MemberId;
  readonly #timing: Timing;
  readonly #election: Election;
  #leader: MemberId | undefined;
  #canvass: Canvass | undefined;
  /** Who asked for its support since a leader was heard last; of several, the highest. */
  #refused: Candidate | undefined;
  /** Who is given time for phase 1; it may be this member. */
  #favoured: MemberId | undefined;

  constructor(self: MemberId, mode: LeadershipMode, timing: Timing) {
    this.#self = self;
    this.#timing = timing;
    this.#election = electionOf(mode, timing);
  }

  /** Who leads, as far as it knows. */
  get leader(): MemberId | undefined {
    return this.#leader;
  }

  /** It has heard no leader for a while. */
  get isSilent(): boolean {
    return this.#election.isSilent;
  }

  /** Asks the network whether the leader is still there, when it is late. */
  askPresence(): Effect[] {
    const of = this.#leader;
    return of === undefined || !this.#election.asks ? [] : [{ type: 'ask-presence', of }];
  }

  /**
   * One tick passed.
   * @param unapplied whether commands that this member was given are not applied yet
   * @param phaseOne ticks that phase 1 may take
   * @returns whether to try to lead now
   */
  tick(random: number, unapplied: boolean, phaseOne: number): boolean {
    return this.#election.tick(random, unapplied, phaseOne);
  }

  /** Its canvass, if there is one, asks again. */
  askAgain(random: number): Effect[] {
    return this.#canvass?.tick(random) ?? [];
  }

  /** A leader speaks. */
  heard(leader: MemberId): void {
    this.#election.heard();
    this.#canvass = undefined;
    this.#refused = undefined;
    this.#leader = leader;
  }

  /** Somebody has a higher ballot than this member: who may lead, is given time for it. */
  preempted(leader: MemberId): void {
    this.#leader = leader;
    this.#favoured = leader;
  }

  /** This member leads no more, or tries no more. */
  ended(): void {
    this.#canvass = undefined;
    this.#leader = undefined;
  }

  /**
   * The network says that nobody listens where `member` does. That is no proof of anything, and
   * only a reason to ask the others: without a quorum that misses the leader nothing follows.
   * @returns `seek`, or who is supported now
   */
  gone(member: MemberId): 'seek' | Candidate | undefined {
    if (member !== this.#leader) return undefined;
    const mayTry = this.#election.gone();
    if (!this.#election.suspects) return undefined;
    if (this.#refused !== undefined) return this.#refused;
    return mayTry ? 'seek' : undefined;
  }

  /**
   * Asks whether the others miss the leader, too, before it uses a ballot.
   * @returns the question; `undefined` when this member is quorum enough
   */
  seek(ballot: Ballot, configurations: readonly (readonly MemberId[])[]): Effect[] | undefined {
    this.#canvass = new Canvass(ballot, this.#self, configurations, this.#timing);
    return this.#canvass.supported ? undefined : this.#canvass.ask();
  }

  /** Another member suspects the leader. Of two that do so at a time, the lower one waits. */
  answer({ from, ballot }: Candidate, { scouting, phaseOne, slotOut }: Doing): Effect {
    const rival = scouting ?? this.#canvass?.ballot;
    const isLower = rival !== undefined && compareBallots(ballot, rival) < 0;
    const isTooLate = from !== this.#favoured && this.#election.isTried(phaseOne);
    const supports = !isLower && !isTooLate && this.#election.suspects;
    if (supports) {
      this.#favoured = from;
      this.#canvass = undefined;
      this.#refused = undefined;
      this.#election.supported();
    } else if (!isLower && compareBallots(ballot, this.#refused?.ballot) > 0) {
      this.#refused = { from, ballot };
    }
    return send([from], { type: 'canvassed', ballot, supports, slotOut });
  }

  /** @returns whether a quorum supports it now */
  canvassed(from: MemberId, message: Canvassed): boolean {
    this.#canvass?.canvassed(from, message);
    return this.#canvass?.supported === true;
  }

  /* Its own phase 1. */

  began(): void {
    this.#election.began();
    this.#favoured = this.#self;
  }

  progressed(): void {
    this.#election.progressed();
  }

  /** A higher ballot ended it, or its lead. */
  lost(): void {
    this.#election.preempted();
  }

  /** It took too long. */
  failed(): void {
    this.#election.failed();
  }

  won(): void {
    this.#election.won();
  }
}
