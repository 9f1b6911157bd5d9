import type { SessionLife } from '../machine/session.ts';
import type { SilentSession } from '../machine/sessions.ts';
import { compareBallots, type Ballot } from '../paxos/ballot.ts';
import type { Slot } from '../paxos/pvalue.ts';

export interface ExpiriesPorts {
  /** The first slot that is not applied here. */
  slotOut(): Slot;
  /** Some sessions behind a client's, in an order that stays: see `Sessions.behind`. */
  behind(
    client: string | undefined,
    limit: number,
  ): Iterable<readonly [client: string, life: SessionLife | undefined]>;
  /** To be proposed: these sessions have ended. */
  expire(sessions: readonly SilentSession[]): void;
}

/** So many sessions are looked at in a tick, and named in one command, at most. */
const LOOKED_AT = 32;
const MARK_MS = 1_000;

/**
 * Finds the sessions that were silent for too long, while this member leads. Time is the leader's
 * own, counted in ticks from the moment it leads: who led before may have had another clock, and a
 * process that was stopped has heard nobody meanwhile. What it finds is only proposed. It names the
 * slot that the session was silent from, so it is void where the client was faster.
 */
export class Expiries {
  readonly #ports: ExpiriesPorts;
  readonly #markTicks: number;
  #ballot: Ballot | undefined;
  /** `slot_out` as it was 0, 1, 2, … marks ago. */
  #marks: Slot[] = [];
  readonly #marksAtMost: number;
  #ticks = 0;
  /** All are looked at once after each mark. */
  #isLooking = false;
  #last: string | undefined;
  /** Proposed, and not applied. */
  #isUnderWay = false;

  /** @param tickMs milliseconds of a tick */
  constructor(ports: ExpiriesPorts, tickMs: number, maxTtlMs: number) {
    this.#ports = ports;
    this.#markTicks = Math.ceil(MARK_MS / tickMs);
    this.#marksAtMost = Math.ceil(maxTtlMs / MARK_MS) + 2;
  }

  /**
   * One tick passed.
   * @param ballot at which this member leads, and has commands decided; `undefined` while it does
   *   not
   */
  tick(ballot: Ballot | undefined): void {
    const isSame = ballot && this.#ballot && compareBallots(ballot, this.#ballot) === 0;
    if (isSame !== true) this.#begin(ballot);
    if (ballot === undefined) return;
    if (this.#ticks === 0) this.#mark();
    this.#ticks = (this.#ticks + 1) % this.#markTicks;
    if (this.#isLooking && !this.#isUnderWay) this.#look();
  }

  /** What an earlier leadership counted and proposed is void. */
  #begin(ballot: Ballot | undefined): void {
    this.#ballot = ballot;
    this.#marks = [];
    this.#ticks = 0;
    this.#isLooking = false;
    this.#isUnderWay = false;
  }

  #mark(): void {
    this.#marks.unshift(this.#ports.slotOut());
    this.#marks.length = Math.min(this.#marks.length, this.#marksAtMost);
    if (this.#isLooking) return; // There are many, and it goes on.
    this.#isLooking = true;
    this.#last = undefined;
  }

  #look(): void {
    const silent: SilentSession[] = [];
    let isEnd = true;
    for (const [client, life] of this.#ports.behind(this.#last, LOOKED_AT)) {
      isEnd = false;
      this.#last = client;
      if (life !== undefined && this.#isOver(life)) silent.push({ client, touched: life.touched });
    }
    this.#isLooking = !isEnd;
    if (silent.length === 0) return;
    this.#isUnderWay = true;
    this.#ports.expire(silent);
  }

  /** Since a mark that is so old, nothing of it was applied. */
  #isOver({ touched, ttlMs }: SessionLife): boolean {
    const mark = this.#marks[Math.ceil(ttlMs / MARK_MS)];
    return mark !== undefined && touched < mark;
  }

  /** Sessions have ended, as the log says: what was proposed, or what an earlier leader had. */
  applied(): void {
    this.#isUnderWay = false;
  }
}
