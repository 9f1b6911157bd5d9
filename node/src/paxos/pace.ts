import { compareBallots, type Ballot, type MemberId } from './ballot.ts';
import { Duration } from './duration.ts';
import type { Slot } from './pvalue.ts';
import { quorumSize } from './quorum.ts';

/** What a voter was asked: phase 1 where it names no slot. */
interface Question {
  readonly ballot: Ballot;
  readonly slot: Slot | undefined;
  readonly at: number;
}

/** How long a voter takes, and what is measured of it now: one question at a time. */
interface Voter {
  /** The candidate's own write counted. */
  phaseOne: Duration;
  /** When that was measured last. */
  phaseOneAt: number;
  readonly phaseTwo: Duration;
  /** When it was asked what was measured last. */
  measuredFrom: number;
  asked: Question | undefined;
}

/** Phase 1 is given so many times what it took lately: each write may wait for one before it. */
const MARGIN = 2;
/** The candidate writes its ballot, and so does each acceptor. */
const WRITES = 2;
/** What phase 1 took is remembered so many times as long as it may take: over several tries. */
const REMEMBERED = 2;
/** Of two disks that much the better one, no other, is a reason to hand over. */
const CLEARLY = 4;

/**
 * How fast the cluster is: how long the own disk takes for a write, and a voter for an answer, a
 * write and the way. In ticks; measured at what a leader asks anyway.
 */
export class Pace {
  readonly #longest: number;
  readonly #voters = new Map<MemberId, Voter>();
  #now = 0;
  #write = 0;

  /** @param longest what it says that phase 1 takes, at most */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** One tick passed. @param write ticks that the own disk takes lately, or has taken by now */
  tick(write: number): void {
    this.#now += 1;
    this.#write = write;
  }

  asked(voters: readonly MemberId[], ballot: Ballot, slot?: Slot): void {
    for (const id of voters) {
      const voter = this.#voters.get(id) ?? {
        phaseOne: new Duration(),
        phaseOneAt: 0,
        phaseTwo: new Duration(),
        measuredFrom: -Infinity,
        asked: undefined,
      };
      this.#voters.set(id, voter);
      voter.asked ??= { ballot, slot, at: this.#now };
    }
  }

  /** A voter answers in order: whatever it was asked before is answered by then, or lost. */
  answered(from: MemberId, ballot: Ballot, slot?: Slot): void {
    const voter = this.#voters.get(from);
    if (voter?.asked === undefined) return;
    const { asked } = voter;
    const order = compareBallots(ballot, asked.ballot) || (slot ?? -1) - (asked.slot ?? -1);
    if (order < 0) return;
    voter.asked = undefined;
    if (order > 0) return;
    const ticks = this.#now - asked.at;
    voter.measuredFrom = asked.at;
    if (slot !== undefined) return voter.phaseTwo.took(ticks);
    if (!this.#isRecent(voter)) voter.phaseOne = new Duration();
    voter.phaseOne.took(ticks);
    voter.phaseOneAt = this.#now;
  }

  /** It was measured lately: disks may have been slow when there was an election last, days ago. */
  #isRecent({ phaseOneAt }: Voter): boolean {
    return this.#now - phaseOneAt <= REMEMBERED * this.#longest;
  }

  #phaseOneOf(id: MemberId): number {
    const voter = this.#voters.get(id);
    return voter !== undefined && this.#isRecent(voter) ? (voter.phaseOne.ticks ?? 0) : 0;
  }

  /** Nobody waits any more for what was asked in phase 2. */
  resigned(): void {
    for (const voter of this.#voters.values()) {
      if (voter.asked?.slot !== undefined) voter.asked = undefined;
    }
  }

  /** So long phase 1 may take, with the voters of each configuration. */
  phaseOne(configurations: readonly (readonly MemberId[])[]): number {
    const answers = configurations.map((voters) => {
      const times = voters.map((voter) => this.#phaseOneOf(voter));
      return times.sort((a, b) => a - b)[quorumSize(voters.length) - 1] ?? 0;
    });
    return Math.min(MARGIN * Math.max(WRITES * this.#write, ...answers), this.#longest);
  }

  /**
   * Whether a voter's disk is clearly better than one that has not finished a write for so many
   * ticks. What it was asked before then says nothing: all disks may have become slow since.
   */
  isQuicker(member: MemberId, ticks: number): boolean {
    const voter = this.#voters.get(member);
    if (voter === undefined || this.#now - voter.measuredFrom >= ticks) return false;
    const { phaseOne, phaseTwo, asked } = voter;
    const took = phaseTwo.ticks ?? phaseOne.ticks ?? Infinity;
    const waits = asked === undefined ? 0 : this.#now - asked.at;
    return CLEARLY * Math.max(took, waits) <= ticks;
  }
}
