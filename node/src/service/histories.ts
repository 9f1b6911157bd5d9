import type { MemberId } from '../paxos/ballot.ts';
import type { HistoryMark } from '../paxos/history.ts';
import type { HistoryAt } from '../paxos/messages.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { isQuorum } from '../paxos/quorum.ts';

export interface HistoriesPorts {
  readonly self: MemberId;
  /** Of this member, as far as it has applied. */
  own(): HistoryMark | undefined;
  /** The hash of its history up to an earlier slot, if it is known. */
  at(slot: Slot): bigint | undefined;
  /** Who votes for the slots that are decided now. */
  voters(): readonly MemberId[];
  /** To one member, or to all. */
  say(to: MemberId | undefined, message: HistoryAt): void;
}

/**
 * What follows from a comparison. *Disputed*: a voter has another history, and it is not known yet
 * which one a majority has. *Refuted*: a majority has another one than this member, or nobody has
 * a majority.
 */
export type Verdict = 'agreed' | 'disputed' | 'refuted';

/** Ticks after which a dispute is put to all again. */
const AGAIN_TICKS = 30;

/**
 * Compares what was decided with what the others say was decided, at equal slots. Two members that
 * Paxos held together have the same; where a disk was put back, or a copy of it ran, and nobody was
 * left who had heard of it, two histories may meet. Right is what a majority of the voters has;
 * nobody serves from another one, and nothing is merged.
 */
export class Histories {
  readonly #ports: HistoriesPorts;
  /** Up to that slot a member has the same history. */
  readonly #agrees = new Map<MemberId, Slot>();
  /** At that slot it has another one. */
  readonly #differs = new Map<MemberId, Slot>();
  /** Said of slots that are not applied here yet. */
  readonly #early = new Map<MemberId, HistoryMark>();
  #ticksToAsk = 0;

  constructor(ports: HistoriesPorts) {
    this.#ports = ports;
  }

  /** The members that have another history, each with a slot by which they differ. */
  get differing(): ReadonlyMap<MemberId, Slot> {
    return this.#differs;
  }

  get verdict(): Verdict {
    const voters = this.#ports.voters();
    const verdicts = [...this.#differs]
      .filter(([member]) => voters.includes(member))
      .map(([, slot]) => this.#verdictAt(slot, voters));
    const worst = (['refuted', 'disputed'] as const).find((each) => verdicts.includes(each));
    return worst ?? 'agreed';
  }

  #verdictAt(slot: Slot, voters: readonly MemberId[]): Verdict {
    const { self } = this.#ports;
    const agrees = (voter: MemberId): boolean =>
      voter === self || (this.#agrees.get(voter) ?? -1) >= slot;
    if (isQuorum(voters, { has: agrees })) return 'agreed';
    const mayAgree = (voter: MemberId): boolean => agrees(voter) || !this.#differs.has(voter);
    return isQuorum(voters, { has: mayAgree }) ? 'disputed' : 'refuted';
  }

  /** A member says what its history comes to: every frame does. */
  heard(from: MemberId, mark: HistoryMark): void {
    const own = this.#ports.own();
    if (own?.from !== mark.from) return; // Of states of an older version nothing is known.
    if (mark.slot <= own.slot) return this.#compare(from, mark);
    if (!this.#early.has(from)) this.#early.set(from, mark);
  }

  #compare(from: MemberId, { slot, hash }: HistoryMark): void {
    if ((this.#agrees.get(from) ?? -1) >= slot) return;
    const own = this.#ports.at(slot);
    if (own === undefined) return;
    if (own === hash) {
      this.#agrees.set(from, slot);
      this.#differs.delete(from);
      return;
    }
    const isNew = !this.#differs.has(from);
    this.#differs.set(from, slot);
    if (!isNew) return;
    this.#ticksToAsk = 0;
    // It may be behind, and this member may go without roles for it before it could ask.
    this.#say(from, slot, false);
  }

  /** A member asks what this one's history comes to at a slot, or answers that. */
  told(from: MemberId, { mark, asks }: HistoryAt): void {
    this.heard(from, mark);
    if (asks) this.#say(from, mark.slot, false);
  }

  #say(to: MemberId | undefined, slot: Slot, asks: boolean): void {
    const own = this.#ports.own();
    const hash = own === undefined || slot > own.slot ? undefined : this.#ports.at(slot);
    if (own === undefined || hash === undefined) return;
    this.#ports.say(to, { type: 'history', mark: { slot, from: own.from, hash }, asks });
  }

  /** One tick passed: what was said early may be compared now, and disputes are put to all. */
  tick(): void {
    const own = this.#ports.own();
    for (const [from, mark] of this.#early) {
      if (own === undefined || mark.slot > own.slot) continue;
      this.#early.delete(from);
      this.#compare(from, mark);
    }
    this.#ticksToAsk -= 1;
    if (this.#ticksToAsk > 0) return;
    this.#ticksToAsk = AGAIN_TICKS;
    for (const slot of new Set(this.#differs.values())) this.#say(undefined, slot, true);
  }
}
