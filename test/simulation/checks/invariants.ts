import { compareBallots, formatBallot, type Ballot } from '../../../node/src/paxos/ballot.ts';
import type { Configuration } from '../../../node/src/paxos/configuration.ts';
import type { LeadershipMode } from '../../../node/src/paxos/regime.ts';
import type { Effect, LogRecord, Recovered } from '../../../node/src/paxos/effects.ts';
import type { Message } from '../../../node/src/paxos/messages.ts';
import { isPlausible, type Known } from '../../../node/src/paxos/plausible.ts';
import { sameValue, type Pvalue, type Slot, type Value } from '../../../node/src/paxos/pvalue.ts';
import { Held } from './held.ts';
import { Rulings } from './rulings.ts';

/** An invariant that spans members, or a promise of the disk, does not hold. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
  /** As the paper has it (`R1`, `A4`, …), or a word (`durability`, `acknowledged`). */
  readonly invariant: string;

  constructor(invariant: string, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}

/** Who has heard of the highest ballot and slot: it drops only what nobody can mean. */
const ANYTHING: Known = { round: Infinity, slotsBelow: Infinity };

/** One of a member's processes: there may be two, on one disk or on a copy of it. */
interface Process {
  readonly id: string;
  /** Tells it from another one of the same member. */
  readonly name: string;
  /** Its incarnation, as a text: another one after each start. */
  readonly run: string;
}

/** Which run of which member sent something, and to whom. */
interface Way {
  readonly from: string;
  readonly run: string;
  readonly to: string;
}

/** What is known of one slot and ballot, over all members. */
interface Vote {
  readonly pvalue: Pvalue;
  /** Whose disk holds it, or held it until a higher ballot's. */
  readonly by: Set<string>;
}

/**
 * Checks after every step what no member can check alone: R1, A4, A5, C2, the promises of the
 * disks, and that only what is decided is applied and acknowledged.
 */
export class Invariants {
  readonly #window: number;
  readonly #votes = new Map<Slot, Map<string, Vote>>();
  readonly #proposed = new Map<string, Value>();
  readonly #chosen = new Map<Slot, Pvalue>();
  readonly #rulings: Rulings;
  /** The slots of `chosen`, in the order in which they were decided. */
  readonly #choices: Slot[] = [];
  readonly #applied = new Map<Slot, Value>();
  readonly #appliedUpTo = new Map<string, Slot>();
  readonly #hashes = new Map<Slot, { readonly hash: string; readonly member: string }>();
  readonly #durable = new Map<string, Held>();
  /** Something happened to their logs; what it was shows when they start. */
  readonly #damaged = new Set<string>();
  /** The processes whose disks lack what their members promised: they must not vote. */
  readonly #amnesiac = new Set<string>();
  /** The name of each run's process. */
  readonly #runs = new Map<string, string>();

  readonly #mode: LeadershipMode;

  /**
   * @param members the first voters
   * @param mode on demand, an answer has a decided mark on a disk that covers it
   */
  constructor(members: readonly string[], window: number, mode: LeadershipMode) {
    this.#mode = mode;
    this.#window = window;
    this.#rulings = new Rulings(members, window, this.#chosen);
  }

  /** Slots that a majority has accepted durably. */
  get decided(): number {
    return this.#chosen.size;
  }

  /** Something happens to a member's log that nobody told it. */
  damaged(member: string): void {
    this.#damaged.add(member);
  }

  /** A process has read its disk. */
  started(process: Process, recovered: Recovered, flushedSlotOut: Slot): void {
    const { id: member, name, run } = process;
    this.#runs.set(run, name);
    this.#appliedUpTo.set(name, flushedSlotOut);
    const before = this.#durableOf(member);
    const missing = before.missingFrom(recovered, flushedSlotOut);
    if (missing !== undefined) {
      if (!this.#damaged.has(member)) {
        throw new BrokenInvariant('durability', `${member} came back ${missing.what}`);
      }
      if (missing.isPromise) {
        this.#amnesiac.add(name);
        return;
      }
    }
    this.#damaged.delete(member);
    before.found(recovered, flushedSlotOut);
    const { decidedMark, stored } = recovered;
    for (const pvalue of stored) {
      if (!pvalue.learned) this.#vote(member, pvalue);
      if (pvalue.slot < decidedMark) this.#checkMarked(member, pvalue);
    }
  }

  /** What the log holds below the decided mark is what was decided. */
  #checkMarked(member: string, { slot, value }: Pvalue): void {
    const chosen = this.#chosen.get(slot);
    if (chosen !== undefined && sameValue(chosen.value, value)) return;
    throw new BrokenInvariant('mark', `${member} marks slot ${slot} as decided with another value`);
  }

  /** A state was reported as flushed: its slots are forgotten, so they must be marked. */
  flushed({ id: member, name }: Process, slotOut: Slot): void {
    if (this.#amnesiac.has(name)) return;
    const durable = this.#durableOf(member);
    if (durable.decidedMark < slotOut) {
      const marked = `only those below ${durable.decidedMark} are marked as decided`;
      throw new BrokenInvariant('mark', `${member} forgets the slots below ${slotOut}: ${marked}`);
    }
    durable.slotOut = slotOut;
    durable.reported = Math.max(durable.reported, slotOut);
  }

  /** A state failed its checks: what it had is lost, and no promise. */
  setAside(member: string): void {
    this.#durableOf(member).slotOut = 0;
  }

  /**
   * A log lets go of what is below the floor: that is durable, and the state of those slots is on
   * more disks than may be lost (PMMC 4.2).
   */
  collected({ id: member, name }: Process, floor: Slot): void {
    if (this.#amnesiac.has(name)) return;
    if (this.#durableOf(member).floor < floor) {
      throw new BrokenInvariant(
        'floor',
        `${member} collects below ${floor} before that is durable`,
      );
    }
    // Of those that reported it, some may have lost it since: as many as may be.
    const has = (voter: string): boolean => (this.#durable.get(voter)?.reported ?? 0) >= floor;
    if (this.#durableOf(member).slotOut >= floor && this.#rulings.outlivesLosses(floor, has))
      return;
    const text = `${member} collects below ${floor}, and too few have that state on disk`;
    throw new BrokenInvariant('floor', text);
  }

  /**
   * Who leads has the promises of a majority in every configuration that rules a slot which is not
   * decided to its knowledge (PMMC 2.3, 2.4).
   */
  leading(member: string, process: string, ballot: Ballot): void {
    const slotOut = this.#appliedUpTo.get(process) ?? 0;
    if (this.#rulings.areQuorums(slotOut, (voter) => this.#promised(voter, ballot))) return;
    const text = `${member} leads at ${formatBallot(ballot)} without the promises of a quorum`;
    throw new BrokenInvariant('adopted', text);
  }

  #promised(voter: string, ballot: Ballot): boolean {
    return compareBallots(this.#durable.get(voter)?.ballot, ballot) >= 0;
  }

  /** What a process is about to do, in its order. */
  stepped(member: string, process: string, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type === 'apply') this.#apply(process, effect.slot, effect.value);
      if (effect.type === 'reconfigured' && effect.stored !== undefined) {
        this.#reconfigured(process, effect.stored.at(-1));
      }
      if (effect.type !== 'send') continue;
      if (!isPlausible(effect.message, ANYTHING)) {
        const text = `${member} says what everybody drops: ${JSON.stringify(effect.message)}`;
        throw new BrokenInvariant('plausible', text);
      }
      if (effect.message.type !== 'p2a') continue;
      const { ballot, slot, value } = effect.message;
      this.#propose(member, process, { ballot, slot, value });
    }
  }

  /**
   * A message has left a member. A p1a uses up a ballot, a p1b or p2b is a promise: that must be
   * durable (of a p2b, the pvalue, too, if it goes to the leader of its ballot, who counts it).
   */
  left({ from: member, run, to }: Way, message: Message): void {
    const name = this.#runs.get(run) ?? member;
    if (to !== member) this.#durableOf(member).spoke(name);
    if (message.type !== 'p1a' && message.type !== 'p1b' && message.type !== 'p2b') return;
    const { ballot } = message;
    if (this.#amnesiac.has(name)) {
      const text = `${member} sent a ${message.type}, and its disk lacks what it has promised`;
      throw new BrokenInvariant('amnesia', text);
    }
    const durable = this.#durableOf(member);
    const fail = (what: string): never => {
      throw new BrokenInvariant('flush', `${member} sent a ${message.type} before ${what}`);
    };
    if (message.type === 'p1a') {
      if (compareBallots(durable.leaderBallot, ballot) < 0) fail('its disk had the ballot');
      return;
    }
    if (compareBallots(durable.ballot, ballot) < 0) {
      fail(`its disk had the ballot ${formatBallot(ballot)}`);
    }
    if (message.type !== 'p2b' || ballot.leader !== to) return;
    if (compareBallots(durable.stored.get(message.slot), ballot) < 0) {
      fail(`its disk had slot ${message.slot} at ballot ${formatBallot(ballot)}`);
    }
  }

  /** Every member has the same configurations at the same slots. */
  #reconfigured(process: string, newest: Configuration | undefined): void {
    const { number, from, voters, learners } = this.#rulings.newestAt(
      this.#appliedUpTo.get(process) ?? 0,
    );
    const expected = [number, from, voters, learners].join();
    if (newest === undefined) throw new Error('no configuration is stored');
    const found = [newest.number, newest.from, newest.voters, newest.learners].join();
    if (found === expected) return;
    throw new BrokenInvariant('configuration', `${process} has ${found}, decided is ${expected}`);
  }

  /** R5; phase 1 in the configuration of the slot; C1, over all members; and C2. */
  #propose(member: string, process: string, { ballot, slot, value }: Pvalue): void {
    const slotOut = this.#appliedUpTo.get(process) ?? 0;
    if (slot >= slotOut + this.#window) {
      const where = `with slot_out ${slotOut} and WINDOW ${this.#window}`;
      throw new BrokenInvariant('R5', `${member} sends a p2a of slot ${slot} ${where}`);
    }
    if (!this.#rulings.isQuorum(slot, (voter) => this.#promised(voter, ballot))) {
      const what = `a p2a of slot ${slot} without the promises of a quorum of its voters`;
      throw new BrokenInvariant('adopted', `${member} sends ${what}`);
    }
    const key = `${slot} ${formatBallot(ballot)}`;
    const before = this.#proposed.get(key);
    if (before === undefined) this.#proposed.set(key, value);
    else if (!sameValue(before, value)) {
      throw new BrokenInvariant('A4', `${member} proposes two values for slot and ballot ${key}`);
    }
    for (const vote of this.#votes.get(slot)?.values() ?? []) {
      if (compareBallots(vote.pvalue.ballot, ballot) >= 0) continue;
      if (!this.#rulings.isQuorum(slot, (voter) => vote.by.has(voter))) continue;
      if (!sameValue(vote.pvalue.value, value)) {
        const lower = formatBallot(vote.pvalue.ballot);
        throw new BrokenInvariant(
          'C2',
          `${member} proposes another value for slot and ballot ${key} than was chosen at ${lower}`,
        );
      }
    }
  }

  /**
   * Records are on a member's disk.
   * @returns the slots that are decided with them
   */
  durable({ id: member, name }: Process, records: readonly LogRecord[]): Slot[] {
    if (this.#amnesiac.has(name)) return [];
    const durable = this.#durableOf(member);
    const before = this.#chosen.size;
    for (const record of records) {
      if (record.type === 'decided-mark') durable.decidedMark = record.slot;
      else if (record.type === 'floor') durable.floor = record.slot;
      else if (record.type !== 'flushed') {
        this.#checkPromise(member, durable, record);
        durable.wrote(record, name);
        if (record.type === 'accepted') this.#vote(member, record);
      }
    }
    return this.#choices.slice(before);
  }

  /** C1, A1 and A2, over restarts. */
  #checkPromise(
    member: string,
    held: Held,
    { type, ballot }: LogRecord & { ballot: Ballot },
  ): void {
    if (type === 'learned') return;
    if (type === 'leader-ballot') {
      if (compareBallots(ballot, held.leaderBallot) > 0) return;
      throw new BrokenInvariant('C1', `${member} uses ${formatBallot(ballot)} again`);
    }
    if (compareBallots(ballot, held.ballot) >= 0) return;
    const what = `${type} ${formatBallot(ballot)} after ${formatBallot(held.ballot)}`;
    throw new BrokenInvariant(type === 'ballot' ? 'A1' : 'A2', `${member} wrote ${what}`);
  }

  #vote(member: string, { ballot, slot, value }: Pvalue): void {
    let votes = this.#votes.get(slot);
    if (votes === undefined) {
      votes = new Map();
      this.#votes.set(slot, votes);
    }
    const key = formatBallot(ballot);
    let vote = votes.get(key);
    if (vote === undefined) {
      vote = { pvalue: { ballot, slot, value }, by: new Set() };
      votes.set(key, vote);
    }
    if (!sameValue(vote.pvalue.value, value)) {
      throw new BrokenInvariant('A4', `two values were accepted for slot ${slot} at ${key}`);
    }
    vote.by.add(member);
    const { by, pvalue } = vote;
    if (this.#rulings.isQuorum(slot, (voter) => by.has(voter))) this.#choose(pvalue);
    this.#checkAbove(slot, votes);
  }

  #choose(pvalue: Pvalue): void {
    const before = this.#chosen.get(pvalue.slot);
    if (before === undefined) {
      this.#chosen.set(pvalue.slot, pvalue);
      this.#choices.push(pvalue.slot);
    } else if (!sameValue(before.value, pvalue.value)) {
      throw new BrokenInvariant('R1', `two values are decided for slot ${pvalue.slot}`);
    }
  }

  #checkAbove(slot: Slot, votes: ReadonlyMap<string, Vote>): void {
    const chosen = this.#chosen.get(slot);
    if (chosen === undefined) return;
    for (const { pvalue } of votes.values()) {
      if (compareBallots(pvalue.ballot, chosen.ballot) <= 0) continue;
      if (!sameValue(pvalue.value, chosen.value)) {
        const at = `slot ${slot} at ${formatBallot(pvalue.ballot)}`;
        throw new BrokenInvariant('A5', `what was accepted for ${at} is not what was chosen`);
      }
    }
  }

  /** R1, R3: what is applied is decided, the same everywhere, and in the order of the slots. */
  #apply(process: string, slot: Slot, value: Value): void {
    const next = this.#appliedUpTo.get(process) ?? 0;
    if (slot !== next) {
      throw new BrokenInvariant('R3', `${process} applies slot ${slot} after slot ${next - 1}`);
    }
    this.#appliedUpTo.set(process, slot + 1);
    const before = this.#applied.get(slot);
    if (before === undefined) this.#applied.set(slot, value);
    else if (!sameValue(before, value)) {
      throw new BrokenInvariant('R1', `${process} applies another value in slot ${slot}`);
    }
    const chosen = this.#chosen.get(slot);
    if (chosen === undefined || !sameValue(chosen.value, value)) {
      throw new BrokenInvariant('R2', `${process} applies in slot ${slot} what is not decided`);
    }
  }

  /** States that have applied the same slots are equal. */
  state(member: string, slotOut: Slot, hash: string): void {
    const before = this.#hashes.get(slotOut);
    if (before === undefined) this.#hashes.set(slotOut, { hash, member });
    else if (before.hash !== hash) {
      const others = `${member} and ${before.member}`;
      throw new BrokenInvariant('state', `${others} differ after the slots below ${slotOut}`);
    }
  }

  /** A client was told that its command ran in that slot. */
  acknowledged(client: string, slot: Slot): void {
    if (!this.#chosen.has(slot)) {
      throw new BrokenInvariant(
        'acknowledged',
        `${client} has an answer of slot ${slot}: undecided`,
      );
    }
    if (this.#mode === 'stable') return;
    const isMarked = [...this.#durable.values()].some(({ decidedMark }) => decidedMark > slot);
    if (isMarked) return;
    throw new BrokenInvariant(
      'acknowledged',
      `${client} has an answer of slot ${slot}: not marked`,
    );
  }

  #durableOf(member: string): Held {
    let durable = this.#durable.get(member);
    if (durable === undefined) {
      durable = new Held();
      this.#durable.set(member, durable);
    }
    return durable;
  }
}
