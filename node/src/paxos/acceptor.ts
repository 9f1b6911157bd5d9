import { compareBallots, formatBallot, type Ballot, type MemberId } from './ballot.ts';
import type { Effect, Recovered } from './effects.ts';
import { invariant } from './invariant.ts';
import type { AcceptorMessage, CoreMessage, P1a, P1b, P2a, Probe } from './messages.ts';
import { Page } from './page.ts';
import { heldBytes, sameValue, type Pvalue, type Slot, type Value } from './pvalue.ts';
import { SlotMap } from './slot-map.ts';

/**
 * The acceptor: the memory of Paxos (PMMC figure 4). It remembers its ballot and, after state
 * reduction (PMMC 4.1), the highest-ballot pvalue of each slot that it has not forgotten.
 *
 * Beside them it keeps what was decided elsewhere at a ballot that it never accepted: such a slot
 * is settled, and a p2a for it is answered with the decision. A p1b reports it in the place of what
 * was accepted: this acceptor may have been of the quorum that decided, and the log keeps the last
 * record of a slot only.
 */
export class Acceptor {
  readonly #pageBytes: number;
  readonly #accepted = new SlotMap<Pvalue>();
  readonly #learned = new SlotMap<Pvalue>();
  /** What a message has room for. */
  room = Infinity;
  #ballot: Ballot | undefined;
  #forgotten: Slot;
  #bytes = 0;

  /** @param pageBytes bytes of commands in one p1b (which carries one pvalue at least) */
  constructor(recovered: Recovered, pageBytes: number) {
    this.#pageBytes = pageBytes;
    this.#ballot = recovered.ballot;
    this.#forgotten = Math.max(recovered.slotOut, recovered.floor);
    for (const { learned, ballot, slot, value } of recovered.stored) {
      this.#keep(learned ? this.#learned : this.#accepted, { ballot, slot, value });
    }
  }

  /** What it holds in memory, in bytes: nothing of it goes before the state on disk has it. */
  get bytes(): number {
    return this.#bytes;
  }

  #keep(pvalues: SlotMap<Pvalue>, pvalue: Pvalue): void {
    const before = pvalues.get(pvalue.slot);
    this.#bytes += heldBytes(pvalue.value) - (before === undefined ? 0 : heldBytes(before.value));
    pvalues.set(pvalue.slot, pvalue);
  }

  get ballot(): Ballot | undefined {
    return this.#ballot;
  }

  handle(from: MemberId, message: AcceptorMessage): Effect[] {
    switch (message.type) {
      case 'p1a':
        return this.#p1a(from, message);
      case 'p2a':
        return this.#p2a(from, message);
      case 'probe':
        return [reply(from, this.#probed(message))];
      default:
        return message satisfies never;
    }
  }

  #p1a(from: MemberId, { ballot, from: slot }: P1a): Effect[] {
    const effects: Effect[] = [];
    if (compareBallots(ballot, this.#ballot) > 0) {
      this.#adopt(ballot);
      effects.push({ type: 'persist', record: { type: 'ballot', ballot } });
    }
    effects.push(reply(from, this.#p1b(ballot, slot)));
    return effects;
  }

  /**
   * One page of accepted (or learned) pvalues from `from` on. A refusal of a lower ballot has it,
   * too: it may reach the same leader's next scout, at whose ballot it counts as an answer.
   */
  #p1b(asked: Ballot, from: Slot): P1b {
    const ballot = this.#ballot ?? asked;
    const forgotten = this.#forgotten;
    const page = new Page(this.#pageBytes, this.room);
    const { pvalues } = page;
    for (const [slot, pvalue] of this.#reported(Math.max(from, forgotten))) {
      if (!page.add(pvalue)) return { type: 'p1b', ballot, from, next: slot, forgotten, pvalues };
    }
    return { type: 'p1b', ballot, from, forgotten, pvalues };
  }

  /** Of each slot from `from` on, in order, what was learned, or else accepted. */
  *#reported(from: Slot): Generator<readonly [Slot, Pvalue]> {
    const learned = this.#learned.from(from);
    let next = learned.next();
    for (const accepted of this.#accepted.from(from)) {
      for (; next.done !== true && next.value[0] <= accepted[0]; next = learned.next()) {
        yield next.value;
      }
      if (!this.#learned.has(accepted[0])) yield accepted;
    }
    for (; next.done !== true; next = learned.next()) yield next.value;
  }

  #p2a(from: MemberId, { ballot, slot, value }: P2a): Effect[] {
    if (slot < this.#forgotten) return [reply(from, { type: 'forgotten', below: this.#forgotten })];
    const learned = this.#learned.get(slot);
    if (learned !== undefined) return [reply(from, { type: 'decision', ...learned })];

    const effects: Effect[] = [];
    // A p2a of a higher ballot adopts it first, in the same record: a restarted acceptor would
    // otherwise refuse a leader that no longer sends p1a.
    if (compareBallots(ballot, this.#ballot) > 0) this.#adopt(ballot);
    if (compareBallots(ballot, this.#ballot) === 0) {
      const before = this.#accepted.get(slot);
      if (before === undefined || compareBallots(before.ballot, ballot) < 0) {
        const pvalue = { ballot, slot, value };
        this.#accept(pvalue);
        effects.push({ type: 'persist', record: { type: 'accepted', ...pvalue } });
      } else if (!sameValue(before.value, value)) {
        return []; // A4: the leader contradicts itself; this acceptor stays with what it accepted.
      }
    } else if (this.#ballot?.leader === from) {
      return []; // Its own next ballot: there a refusal would count as a vote for the slot.
    }
    effects.push(reply(from, { type: 'p2b', ballot: this.#ballot ?? ballot, slot }));
    return effects;
  }

  /** What was accepted and is not on disk yet counts, too: whoever reads then waits for more. */
  #probed({ of, number }: Probe): CoreMessage {
    const end = Math.max(this.#forgotten, this.#accepted.end, this.#learned.end);
    return { type: 'probed', of, number, end };
  }

  #adopt(ballot: Ballot): void {
    // A1: adopt only strictly increasing ballots.
    invariant(
      compareBallots(ballot, this.#ballot) > 0,
      'A1',
      () => `adopting ${formatBallot(ballot)} after ${formatBallot(this.#ballot)}`,
    );
    this.#ballot = ballot;
  }

  #accept(pvalue: Pvalue): void {
    // A2: accept a pvalue only at the adopted ballot.
    invariant(
      compareBallots(pvalue.ballot, this.#ballot) === 0,
      'A2',
      () => `accepting ${formatBallot(pvalue.ballot)} at ${formatBallot(this.#ballot)}`,
    );
    // A3: an accepted pvalue goes only for one of a higher ballot (state reduction).
    const before = this.#accepted.get(pvalue.slot);
    invariant(
      compareBallots(before?.ballot, pvalue.ballot) < 0,
      'A3',
      () => `slot ${pvalue.slot} already holds ${formatBallot(before?.ballot)}`,
    );
    this.#keep(this.#accepted, pvalue);
  }

  /** Whether a p2a for that slot and ballot has nothing new for it. */
  has(slot: Slot, ballot: Ballot): boolean {
    if (slot < this.#forgotten || this.#learned.has(slot)) return true;
    return compareBallots(this.#accepted.get(slot)?.ballot, ballot) >= 0;
  }

  /**
   * Keeps a decided pvalue, so that the stored value of its slot is the decided one.
   * @returns nothing to do when what was accepted is already that value
   */
  learn(decided: Pvalue): Effect[] {
    const { ballot, slot, value } = decided;
    if (slot < this.#forgotten) return [];
    const stored = this.valueAt(slot, ballot);
    // It may be there, and not be sound any more.
    if (stored !== undefined && sameValue(stored, value)) return [];
    this.#keep(this.#learned, { ballot, slot, value });
    return [{ type: 'persist', record: { type: 'learned', ballot, slot, value } }];
  }

  /**
   * The value of a slot that was decided at `ballot`, if it is known here. What the log holds is
   * accepted, not decided: a pvalue of a lower ballot may be another value.
   */
  valueAt(slot: Slot, ballot: Ballot): Value | undefined {
    const learned = this.#learned.get(slot);
    if (learned !== undefined) return learned.value;
    const accepted = this.#accepted.get(slot);
    if (accepted === undefined || compareBallots(accepted.ballot, ballot) < 0) return undefined;
    return accepted.value;
  }

  /** Forgets what is below a slot: decided, applied here, and on disk in log and state. */
  forget(below: Slot): void {
    if (below <= this.#forgotten) return;
    this.#forgotten = below;
    for (const pvalues of [this.#accepted, this.#learned]) {
      for (const [slot, { value }] of pvalues.from(0)) {
        if (slot >= below) break;
        this.#bytes -= heldBytes(value);
      }
      pvalues.forgetBelow(below);
    }
  }
}

function reply(to: MemberId, message: CoreMessage): Effect {
  return { type: 'send', to: [to], message };
}
