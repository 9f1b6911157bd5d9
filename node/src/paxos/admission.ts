import type { MemberId } from './ballot.ts';
import { isSameIncarnation, type LogEnd } from './log-end.ts';
import { isQuorum } from './quorum.ts';
import { Retransmission, type Timing } from './timing.ts';
import type { Testimony } from './witnesses.ts';

/** Why a member may not go on. */
export type Expulsion =
  /** Its log ends before what it said itself: something of it is missing. */
  | {
      readonly why: 'behind';
      readonly by: MemberId;
      readonly said: number;
      readonly sequence: number;
    }
  /** Another run of it was heard, that is later, or has the same number. */
  | { readonly why: 'another'; readonly by: MemberId; readonly other: LogEnd['incarnation'] };

/**
 * The question at start: before it votes, a member asks the others what they remember of it. It
 * is admitted when so many have answered that they and it are a quorum, in each configuration that
 * rules an undecided slot; and when all have, or had the time of a heartbeat for it. "I remember
 * nothing of you" admits, too: it is what who was away says honestly. (Not in PMMC, whose acceptors
 * never forget; see ARCHITECTURE.md.)
 */
export class Admission {
  readonly #self: MemberId;
  readonly #own: LogEnd;
  readonly #patience: number;
  readonly #retransmission: Retransmission;
  readonly #answered = new Set<MemberId>();
  #age = 0;

  /** @param own how far the log went when it was opened */
  constructor(self: MemberId, own: LogEnd, timing: Timing) {
    this.#self = self;
    this.#own = own;
    this.#patience = timing.heartbeat;
    this.#retransmission = new Retransmission(timing.heartbeat, timing.retransmit);
  }

  /** One tick passed. @returns whether to ask now: at the first tick, and while it is not over */
  tick(random: number): boolean {
    this.#age += 1;
    return this.#retransmission.tick(random) || this.#age === 1;
  }

  /** An answer that was meant for this run. @returns why it may not go on, if so */
  answered(by: MemberId, testimony: Testimony): Expulsion | undefined {
    this.#answered.add(by);
    const expulsion = expulsionBy(by, this.#own, testimony);
    if (expulsion !== undefined) return expulsion;
    const { sequence } = this.#own;
    if (testimony.sequence <= sequence) return undefined;
    return { why: 'behind', by, said: testimony.sequence, sequence };
  }

  /**
   * Whether it may vote.
   * @param configurations the voters of each that rules an undecided slot
   */
  isOver(configurations: readonly (readonly MemberId[])[]): boolean {
    const has = (member: MemberId): boolean => member === this.#self || this.#answered.has(member);
    if (!configurations.every((voters) => isQuorum(voters, { has }))) return false;
    return this.#age > this.#patience || configurations.flat().every(has);
  }
}

/** Of two runs the later one goes on; of two with one number, none. */
export function expulsionBy(
  by: MemberId,
  { incarnation }: LogEnd,
  { latest }: Pick<Testimony, 'latest'>,
): Expulsion | undefined {
  if (latest === undefined || latest.count < incarnation.count) return undefined;
  if (isSameIncarnation(latest, incarnation)) return undefined;
  return { why: 'another', by, other: latest };
}
