import type { MemberId } from './ballot.ts';
import { isSameIncarnation, type Incarnation, type LogEnd } from './log-end.ts';
import { isQuorum } from './quorum.ts';
import { Retransmission, type Timing } from './timing.ts';
import type { Testimony } from './witnesses.ts';

export interface Behind {
  readonly why: 'behind';
  readonly by: MemberId;
  readonly said: number;
  readonly sequence: number;
  /** Whether it had a vote by then: what was decided with it may be nowhere else. */
  readonly hasVoted: boolean;
}

export interface Another {
  readonly why: 'another';
  readonly by: MemberId;
  readonly other: Incarnation;
  readonly own: Incarnation;
}

/** Why a member may not go on. */
export type Expulsion =
  /** Its log ends before what it said itself: something of it is missing. */
  | Behind
  /** Another run of it was heard, that is later, or has the same number. */
  | Another;

/** Stands for the witness that is none of the members. No member has such an id. */
export const OUTSIDE: MemberId = 'the operator';

/**
 * The question at start: before it votes, a member asks the others what they remember of it. It
 * is admitted when so many have answered that they and it are a quorum, in each configuration that
 * rules an undecided slot; and when all have, or had the time of a heartbeat for it. "I remember
 * nothing of you" admits, too: it is what who was away says honestly. (Not in PMMC, whose acceptors
 * never forget; see ARCHITECTURE.md.)
 */
export class Admission {
  readonly #self: MemberId;
  readonly #others: readonly MemberId[];
  readonly #patience: number;
  readonly #retransmission: Retransmission;
  readonly #answered = new Set<MemberId>();
  #age = 0;

  /** @param asksOutside whether there may be a witness that is none of the members */
  constructor(self: MemberId, asksOutside: boolean, timing: Timing) {
    this.#self = self;
    this.#others = asksOutside ? [OUTSIDE] : [];
    this.#patience = timing.heartbeat;
    this.#retransmission = new Retransmission(timing.heartbeat, timing.retransmit);
  }

  /** One tick passed. @returns whether to ask now: at the first tick, and while it is not over */
  tick(random: number): boolean {
    this.#age += 1;
    return this.#retransmission.tick(random) || this.#age === 1;
  }

  /** An answer that was meant for this run. */
  answered(by: MemberId): void {
    this.#answered.add(by);
  }

  /**
   * Whether it may vote.
   * @param configurations the voters of each that rules an undecided slot
   */
  isOver(configurations: readonly (readonly MemberId[])[]): boolean {
    const has = (member: MemberId): boolean => member === this.#self || this.#answered.has(member);
    if (!configurations.every((voters) => isQuorum(voters, { has }))) return false;
    // Nobody hangs on a witness outside: it is waited for no longer than for the last voter.
    return this.#age > this.#patience || [...configurations.flat(), ...this.#others].every(has);
  }
}

/**
 * Why a member may not go on, by what somebody remembers of it. Of two runs the later one goes on;
 * of two with one number, none. What an earlier run said of its log has to be there yet.
 * @param own the run, and how far the log went when it was opened
 */
export function expulsionBy(
  by: MemberId,
  own: LogEnd,
  { latest, sequence: said = 0 }: Partial<Testimony>,
  hasVoted = false,
): Expulsion | undefined {
  const { incarnation, sequence } = own;
  const isOther = latest !== undefined && !isSameIncarnation(latest, incarnation);
  if (isOther && latest.count >= incarnation.count) {
    return { why: 'another', by, other: latest, own: incarnation };
  }
  return said > sequence ? { why: 'behind', by, said, sequence, hasVoted } : undefined;
}
