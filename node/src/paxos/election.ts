import type { LeadershipMode } from './regime.ts';
import type { Timing } from './timing.ts';

/** When to try to lead. The leader asks it once a tick. */
export interface Election {
  /**
   * One tick passed in which this member was not leading.
   * @param random in [0, 1)
   * @param unapplied whether commands that this member was given are not applied yet
   * @param phaseOne ticks that phase 1 may take, where disks are slow
   * @returns whether to try now
   */
  tick(random: number, unapplied: boolean, phaseOne: number): boolean;
  /** Whether this member misses a leader, and leads not itself: it supports who tries. */
  readonly suspects: boolean;
  /** It suspects so because nobody was heard for long: not for a hint, which may be wrong. */
  readonly isSilent: boolean;
  /** Whether to ask now if the leader is there at all: it is silent. */
  readonly asks: boolean;
  /**
   * The network says that the leader is not there. That counts only after a silence, and until
   * somebody is heard who leads.
   * @returns whether to try to lead now
   */
  gone(): boolean;
  /**
   * Whether somebody who was given time to lead may yet be in phase 1.
   * @param phaseOne ticks that it may take, where disks are slow
   */
  isTried(phaseOne: number): boolean;
  /** This member supports another one, and gives it time. */
  supported(): void;
  /** This member starts phase 1. */
  began(): void;
  /** A leader is alive. */
  heard(): void;
  /** The attempt gets on: it may take as long again. */
  progressed(): void;
  /** No quorum answered this member's attempt to lead. */
  failed(): void;
  /** A higher ballot ended it. */
  preempted(): void;
  /** This member leads. */
  won(): void;
}

export function electionOf(mode: LeadershipMode, timing: Timing): Election {
  return mode === 'stable' ? new Suspicion(timing) : new OnDemand(timing);
}

/**
 * Stable leadership: a follower suspects the leader after a silence, and tries to lead after a
 * longer, jittered one. Preemption makes its patience longer, being led makes it shorter again
 * (after PMMC section 3).
 */
class Suspicion implements Election {
  readonly #timing: Timing;
  #patience: number;
  /** Ticks of the wait that has begun. */
  #waited = 0;
  /** That wait is so many times as long as patience asks for. */
  #jitter: number | undefined;
  /** Phase 1 may be under way, of this member or another one: its writes take their time. */
  #isTried = false;
  /** Ticks since a leader was heard. */
  #silence: number;
  /** Whether the leader that is silent is not there. */
  #isGone = false;
  /** Whether another one is given time to lead, until this member's own patience ends. */
  #yields = false;

  constructor(timing: Timing) {
    this.#timing = timing;
    this.#patience = timing.election / 2; // Nobody leads a cluster that has just been started.
    // But a member that has just been started is soon told when somebody does.
    this.#silence = Math.max(0, this.#patience - 2 * timing.heartbeat);
  }

  get suspects(): boolean {
    return this.#isGone || this.isSilent;
  }

  get isSilent(): boolean {
    return this.#silence >= this.#timing.election / 2;
  }

  get asks(): boolean {
    const { missing, heartbeat } = this.#timing;
    return this.#silence >= missing && (this.#silence - missing) % heartbeat === 0;
  }

  gone(): boolean {
    if (this.#silence < this.#timing.missing) return false; // Whoever was heard meanwhile is there.
    this.#isGone = true;
    return !this.#yields;
  }

  isTried(phaseOne: number): boolean {
    return this.#isTried && this.#waited < phaseOne;
  }

  supported(): void {
    this.#yields = true;
    this.#isTried = true;
  }

  began(): void {
    this.#isTried = true;
  }

  tick(random: number, _unapplied: boolean, phaseOne: number): boolean {
    this.#silence += 1;
    this.#jitter ??= 1 + random / 2;
    this.#waited += 1;
    const patience = this.#isTried ? Math.max(this.#patience, phaseOne) : this.#patience;
    if (this.#waited < Math.round(patience * this.#jitter)) return false;
    this.progressed();
    this.#yields = false;
    this.#isTried = false;
    return true;
  }

  progressed(): void {
    this.#waited = 0;
    this.#jitter = undefined;
  }

  heard(): void {
    this.progressed();
    this.#silence = 0;
    this.#isGone = false;
    this.#yields = false;
    this.#isTried = false;
    this.#patience = Math.max(this.#timing.election, this.#patience - 1);
  }

  preempted(): void {
    this.failed();
    this.#isTried = true;
  }

  failed(): void {
    this.progressed();
    const longest = this.#timing.election * 4;
    this.#patience = Math.min(Math.max(this.#patience, this.#timing.election) * 1.5, longest);
  }

  won(): void {
    this.heard();
    this.#patience = this.#timing.election;
  }
}

/** Leadership on demand: phase 1 only for commands of one's own, after a random wait in a duel. */
class OnDemand implements Election {
  readonly #timing: Timing;
  #duels = 0;
  #left = 0;
  #drawn = true;

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  tick(random: number, unapplied: boolean): boolean {
    if (!this.#drawn) {
      const longest = this.#timing.duel * Math.min(2 ** (this.#duels - 1), 8);
      this.#left = Math.ceil(random * longest);
      this.#drawn = true;
    }
    if (this.#left > 0) this.#left -= 1;
    return unapplied && this.#left === 0;
  }

  /** Nobody asks: it starts phase 1 without asking others. */
  readonly suspects = false;
  readonly isSilent = false;
  readonly asks = false;

  gone(): boolean {
    return false; // Nobody leads for others.
  }

  isTried(): boolean {
    return false;
  }

  supported(): void {
    // Nobody asks for it.
  }

  heard(): void {
    // Others lead what is theirs.
  }

  began(): void {
    // It waits for no time.
  }

  progressed(): void {
    // It waits for no time.
  }

  failed(): void {
    // It waits for no time.
  }

  preempted(): void {
    this.#duels += 1;
    this.#drawn = false;
  }

  won(): void {
    this.#duels = 0;
  }
}
