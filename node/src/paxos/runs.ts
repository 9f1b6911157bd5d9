import { Admission, expulsionBy, type Expulsion } from './admission.ts';
import type { MemberId } from './ballot.ts';
import { send, type Effect } from './effects.ts';
import { isSameIncarnation, type HeardEnds, type Incarnation, type LogEnd } from './log-end.ts';
import type { Testimony as Said } from './messages.ts';
import type { Timing } from './timing.ts';
import { Witnesses, type Testimony as Witnessed } from './witnesses.ts';

export interface RunsInit {
  readonly self: MemberId;
  readonly timing: Timing;
  /** How far the own log went when it was opened, in the run that begins. */
  readonly end: LogEnd;
  /** How far the others' logs went, as an earlier run had heard. */
  readonly heard: HeardEnds;
  /** Whether a witness that is none of the members may be there, and is to be asked. */
  readonly asksOutside: boolean;
}

/**
 * Which runs count. A process is more than an id: behind one id there may be an older process, one
 * on a copy of the disk, or one on a disk that was put back. This member is a witness of the
 * others' runs; of its own, others are, and it has no vote before they were asked.
 */
export class Runs {
  readonly witnesses: Witnesses;
  readonly #self: MemberId;
  readonly #end: LogEnd;
  readonly #asksOutside: boolean;
  #admission: Admission | undefined;

  constructor({ self, timing, end, heard, asksOutside }: RunsInit) {
    this.#self = self;
    this.#end = end;
    this.#asksOutside = asksOutside;
    this.#admission = new Admission(self, asksOutside, timing);
    this.witnesses = new Witnesses(heard);
  }

  /** Whether so many others have said what they remember of this member that it may vote. */
  get isAdmitted(): boolean {
    return this.#admission === undefined;
  }

  /**
   * Another member speaks.
   * @returns what is done instead of hearing it; `undefined` when its run counts. Both runs are
   *   told: the later one may lack what this one had.
   */
  disowned(from: MemberId, { incarnation, sequence }: LogEnd): Effect[] | undefined {
    const standing = this.witnesses.heard(from, { incarnation, sequence });
    if (standing === 'well') return undefined;
    const dropped: Effect = { type: 'dropped', from, why: standing };
    const latest = standing === 'outlived' ? this.witnesses.latest(from) : undefined;
    const runs = latest === undefined ? [incarnation] : [incarnation, latest];
    return [dropped, ...runs.map((run) => this.testify(from, run))];
  }

  /** Tells a run of a member what is remembered of it. */
  testify(to: MemberId, incarnation: Incarnation): Effect {
    const testimony = this.witnesses.testimonyFor(to, incarnation);
    return send([to], { type: 'testimony', of: incarnation, ...testimony });
  }

  /**
   * A message of the own id that is not of this run. A later run, or one of the same number, is a
   * second process. An earlier one proves nothing of now: networks keep frames, and repeat them. It
   * counts only when it says that the log went farther than what this run found.
   */
  ofOwnId({ incarnation, sequence }: LogEnd): Expulsion | undefined {
    return this.#judged(this.#self, { latest: incarnation, sequence });
  }

  /** Somebody says what it remembers of this member. */
  testified(by: MemberId, said: Said): Expulsion | undefined {
    const isMine = isSameIncarnation(said.of, this.#end.incarnation);
    if (isMine) this.#admission?.answered(by);
    // What is said to another run of the same id tells that there is one.
    return this.#judged(by, isMine ? said : { latest: said.of });
  }

  /** A leader passes on how far the members' logs go. */
  told(by: MemberId, ends: HeardEnds): Expulsion | undefined {
    let expulsion: Expulsion | undefined;
    for (const [member, end] of Object.entries(ends)) {
      if (member !== this.#self) this.witnesses.heard(member, end);
      else expulsion = this.#judged(by, { latest: end.incarnation });
    }
    return expulsion;
  }

  #judged(by: MemberId, said: Partial<Witnessed>): Expulsion | undefined {
    return expulsionBy(by, this.#end, said, this.isAdmitted);
  }

  /** @param rulings the voters of each configuration that rules an undecided slot */
  admitWhenOver(rulings: readonly (readonly MemberId[])[]): void {
    if (this.#admission?.isOver(rulings) === true) this.#admission = undefined;
  }

  /** One tick passed. @returns the question, when it is to be asked */
  tick(random: number, others: readonly MemberId[]): Effect[] {
    if (this.#admission?.tick(random) !== true) return [];
    const question = send(others, { type: 'question' });
    return this.#asksOutside ? [question, { type: 'ask-outside' }] : [question];
  }
}
