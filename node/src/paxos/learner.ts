import type { MemberId } from './ballot.ts';
import type { Slot } from './pvalue.ts';
import { Retransmission, type Timing } from './timing.ts';

/** A question to one peer, or to all: what is decided? */
export interface Question {
  readonly to: readonly MemberId[];
  readonly survey?: number;
}

/** Who is no member, and says that it knows more than the members do. */
interface Stranger {
  readonly id: MemberId;
  readonly slot: Slot;
  /** How often it was asked, and nothing came of it. */
  asked: number;
}

/** A stranger that was asked so often in vain is not believed: an honest one speaks again. */
const MOST_ASKED = 3;

/** A question to every peer, which ends when all have answered, or when it has waited enough. */
interface Survey {
  /** Given back when it ends; the first one, at start, has none and waits for everybody. */
  readonly id: number | undefined;
  readonly silent: Set<MemberId>;
  readonly retransmission: Retransmission;
  age: number;
}

/**
 * Whom the replica asks for decisions that it lacks. It knows how far the others have come, asks
 * one peer at a time, and the next one when there is no answer. A survey asks everybody.
 */
export class Learner {
  #peers: readonly MemberId[];
  readonly #timing: Timing;
  readonly #retransmission: Retransmission;
  readonly #surveys: Survey[];
  /** Who knows only members that were replaced meanwhile learns from whom it hears; one of them. */
  #stranger: Stranger | undefined;
  #target: Slot = 0;
  #next = 0;
  /** It has a state to give, and is not the leader, or was the first to say so. */
  #giver: MemberId | undefined;
  /** Ticks since the others were asked for somebody better: not again before long, or progress. */
  #sinceOthers = Infinity;
  #slotOut: Slot = 0;

  constructor(peers: readonly MemberId[], timing: Timing) {
    this.#peers = peers;
    this.#timing = timing;
    this.#retransmission = new Retransmission(timing.learn, timing.retransmit);
    this.#surveys = [this.#surveyOf(undefined)]; // Who starts asks for what it missed.
  }

  /** The configuration has changed: whom it may ask. */
  set peers(peers: readonly MemberId[]) {
    this.#peers = peers;
    this.#stranger = undefined;
    for (const { silent } of this.#surveys) {
      for (const peer of silent) if (!peers.includes(peer)) silent.delete(peer);
    }
  }

  /** Every slot below it is decided, as far as this member heard. */
  get target(): Slot {
    return Math.max(this.#target, this.#stranger?.slot ?? 0);
  }

  get #asked(): readonly MemberId[] {
    return this.#stranger === undefined ? this.#peers : [...this.#peers, this.#stranger.id];
  }

  /** Somebody knows that every slot below `slot` is decided. */
  heard(slot: Slot, from: MemberId): void {
    const { target } = this;
    const isKnown = this.#peers.includes(from);
    if (isKnown) this.#target = Math.max(this.#target, slot);
    // A stranger also when nothing new is decided: a configuration that was applied since may have
    // named others.
    const isLacking = slot === target && slot > this.#slotOut && from !== this.#stranger?.id;
    if (slot <= target && !(isLacking && !isKnown)) return;
    if (!isKnown) this.#stranger = { id: from, slot, asked: 0 };
    this.#next = this.#asked.indexOf(from);
  }

  /**
   * `from` has a state to give, and no log. One of the others may have the log, or be the better
   * one to take a state from: the leader has enough to do. So at first the others are asked.
   * @returns whose state to take; `undefined` while the others are asked
   */
  giver(from: MemberId, leader: MemberId | undefined): MemberId | undefined {
    const isDue = this.#sinceOthers >= this.#timing.surveySilence;
    if (this.#giver === undefined && isDue && this.#asked.some((peer) => peer !== from)) {
      this.#giver = from;
      this.#sinceOthers = 0;
      return undefined;
    }
    if (from !== leader) return from;
    const giver = this.#giver ?? from;
    // Another one is tried once: it may be gone, and the leader is there.
    if (giver !== from) this.#giver = undefined;
    return giver;
  }

  /** Everybody but one. */
  othersThan(peer: MemberId): Question {
    return { to: this.#asked.filter((each) => each !== peer) };
  }

  /** Asks every peer; `ended` gives the id back once. */
  survey(id: number): Question {
    this.#surveys.push(this.#surveyOf(id));
    return { to: this.#asked, survey: id };
  }

  #surveyOf(id: number | undefined): Survey {
    const { retransmit, retransmitLongest } = this.#timing;
    const retransmission = new Retransmission(retransmit, retransmitLongest);
    return { id, silent: new Set(this.#asked), retransmission, age: 0 };
  }

  /**
   * A peer answered.
   * @param survey the survey that the answer names
   * @param progress whether the answer let slots be applied
   * @param behind whether slots are still known to be decided that are not applied
   * @returns what to ask at once for more
   */
  answered(
    from: MemberId,
    survey: number | undefined,
    progress: boolean,
    behind: boolean,
  ): Question[] {
    for (const { id, silent } of this.#surveys) if (id === survey) silent.delete(from);
    if (!progress) return [];
    // It is asked for more, also once what it gave is applied: others may be gone.
    if (this.#asked.includes(from)) this.#next = this.#asked.indexOf(from);
    if (from === this.#stranger?.id) this.#stranger.asked = 0;
    this.#giver = undefined;
    this.#sinceOthers = Infinity;
    this.#retransmission.reset();
    const waiting = this.#surveys.find(({ id, silent }) => id !== undefined && silent.has(from));
    if (waiting?.id !== undefined) return [{ to: [from], survey: waiting.id }];
    return behind ? [{ to: [from] }] : [];
  }

  /** What was known is applied, and more is decided. @returns what to ask at once */
  goOn(): Question[] {
    const peer = this.#asked[this.#next];
    return peer === undefined ? [] : [{ to: [peer] }];
  }

  /**
   * One tick passed.
   * @param behind whether slots are known to be decided that are not applied
   * @returns the questions to send now
   */
  tick(random: number, behind: boolean, slotOut: Slot): Question[] {
    const questions: Question[] = [];
    if (!behind || slotOut !== this.#slotOut) {
      this.#retransmission.reset(); // What is missing may still be on its way.
    } else if (this.#retransmission.tick(random)) {
      const peer = this.#asked[this.#next];
      if (peer !== undefined) questions.push({ to: [peer] });
      if (peer === this.#stranger?.id) this.#doubt();
      this.#next = (this.#next + 1) % Math.max(1, this.#asked.length);
    }
    this.#slotOut = slotOut;
    this.#sinceOthers += 1;
    for (const { id, silent, retransmission } of this.#surveys) {
      if (silent.size === 0 || !retransmission.tick(random)) continue;
      questions.push({ to: [...silent], ...(id === undefined ? {} : { survey: id }) });
    }
    for (const survey of this.#surveys) survey.age += 1;
    return questions;
  }

  #doubt(): void {
    if (this.#stranger === undefined) return;
    this.#stranger.asked += 1;
    if (this.#stranger.asked > MOST_ASKED) this.#stranger = undefined;
  }

  /**
   * The surveys that are over: everybody answered or is unreachable, and what they know to be
   * decided is applied; or the deadline has passed.
   */
  ended(slotOut: Slot): number[] {
    const ended: number[] = [];
    for (const survey of [...this.#surveys]) {
      const { age, silent, id } = survey;
      const heardAll = silent.size === 0 || (id !== undefined && age >= this.#timing.surveySilence);
      const late = id !== undefined && age >= this.#timing.surveyDeadline;
      if (!late && (!heardAll || slotOut < this.target)) continue;
      this.#surveys.splice(this.#surveys.indexOf(survey), 1);
      if (id !== undefined) ended.push(id);
    }
    return ended;
  }
}
