import { compareBallots, nextBallot, type Ballot, type MemberId } from './ballot.ts';
import { Commander } from './commander.ts';
import type { Configuration, LeadershipMode } from './configuration.ts';
import type { Effect } from './effects.ts';
import { electionOf, type Election } from './election.ts';
import { invariant } from './invariant.ts';
import type { Adopted, Heartbeat, Message, P1b, P2b, Preempted, Propose } from './messages.ts';
import { NO_OP, type Slot, type Value } from './pvalue.ts';
import { Scout } from './scout.ts';
import { Retransmission, type Timing } from './timing.ts';

export interface LeaderInit {
  readonly self: MemberId;
  readonly configuration: Configuration;
  readonly mode: LeadershipMode;
  readonly timing: Timing;
  /** The highest ballot that this leader ever used. */
  readonly ballot: Ballot | undefined;
  /** The highest ballot that this member knows of. */
  readonly highest: Ballot | undefined;
  /** The co-located replica's. */
  readonly slotOut: Slot;
}

/**
 * The leader: passive until a quorum adopts its ballot, then it has proposals decided (PMMC
 * figure 7). It owns its scout and its commanders.
 */
export class Leader {
  readonly #self: MemberId;
  readonly #configuration: Configuration;
  readonly #mode: LeadershipMode;
  readonly #timing: Timing;
  readonly #election: Election;

  /** Its own ballot, durable before its p1a leaves; apart from the co-located acceptor's. */
  #ballot: Ballot | undefined;
  /** The highest ballot that it heard of. */
  #highest: Ballot | undefined;
  #active = false;
  #scout: Scout | undefined;
  #known: MemberId | undefined;

  /** C1: per ballot at most one value a slot. A new ballot empties the map, never the mark. */
  readonly #proposals = new Map<Slot, Value>();
  readonly #commanders = new Map<Slot, Commander>();
  /** The co-located `slot_out`: below it everything is decided and forgotten, over all ballots. */
  #mark: Slot;
  /** Below it nothing is proposed: a quorum says that it is decided. */
  #floor: Slot = 0;
  /** One past the highest slot with a proposal. */
  #end: Slot = 0;
  #decided: Slot[] = [];
  #ticksToHeartbeat = 0;
  #stuck: Retransmission;

  constructor(init: LeaderInit) {
    this.#self = init.self;
    this.#configuration = init.configuration;
    this.#mode = init.mode;
    this.#timing = init.timing;
    this.#ballot = init.ballot;
    this.#highest = init.highest;
    this.#mark = init.slotOut;
    this.#election = electionOf(init.mode, init.timing);
    this.#stuck = this.#patience();
  }

  get active(): boolean {
    return this.#active;
  }

  /** The member that leads, as far as this one knows. */
  get known(): MemberId | undefined {
    return this.#active ? this.#self : this.#known;
  }

  /** The leader's ballot while it is active. */
  get ballot(): Ballot | undefined {
    return this.#active ? this.#ballot : undefined;
  }

  get highest(): Ballot | undefined {
    return this.#highest;
  }

  /** What has to be learned before anything below it can be proposed. */
  get floor(): Slot {
    return this.#floor;
  }

  propose(from: MemberId, message: Propose): Effect[] {
    const { slot, value } = message;
    if (slot < Math.max(this.#mark, this.#active ? this.#floor : 0)) {
      const floor = Math.max(this.#mark, this.#floor);
      return from === this.#self ? [] : [send([from], { type: 'floor', floor })];
    }
    if (!this.#active) return this.#forward(from, message);
    if (this.#proposals.has(slot)) return [];
    return this.#select(slot, value);
  }

  /** A passive leader hands a proposal of its own replica to the active one (PMMC 4.4). */
  #forward(from: MemberId, message: Propose): Effect[] {
    if (this.#mode === 'on-demand' || from !== this.#self || this.#known === undefined) return [];
    return [send([this.#known], message)];
  }

  #select(slot: Slot, value: Value): Effect[] {
    // C1: per ballot and slot one value is selected, and one commander spawned.
    invariant(!this.#proposals.has(slot), 'C1', () => `slot ${slot} is selected twice`);
    this.#proposals.set(slot, value);
    this.#end = Math.max(this.#end, slot + 1);
    return this.#spawn(slot, value);
  }

  #spawn(slot: Slot, value: Value): Effect[] {
    const ballot = this.#ballot;
    // R5: no commander at or beyond slot_out + WINDOW.
    if (ballot === undefined || slot >= this.#mark + this.#configuration.window) return [];
    invariant(!this.#commanders.has(slot), 'C1', () => `slot ${slot} has a commander already`);
    const voters = this.#configuration.voters;
    this.#commanders.set(slot, new Commander(ballot, slot, value, voters, this.#timing));
    const decided = this.#decided;
    this.#decided = [];
    return [send(voters, { type: 'p2a', ballot, slot, value, decided })];
  }

  p1b(from: MemberId, page: P1b): Effect[] {
    const outcome = this.#scout?.p1b(from, page) ?? [];
    if (Array.isArray(outcome)) return outcome;
    return outcome.type === 'adopted' ? this.#adopted(outcome) : this.#preempted(outcome);
  }

  p2b(from: MemberId, message: P2b): Effect[] {
    const commander = this.#commanders.get(message.slot);
    const outcome = commander?.p2b(from, message);
    if (commander === undefined || outcome === undefined) return [];
    return outcome.type === 'decided' ? this.#decide(commander) : this.#preempted(outcome);
  }

  /** The decision goes to the own replica at once, to the others with the next p2a or tick. */
  #decide({ ballot, slot, value }: Commander): Effect[] {
    this.#commanders.delete(slot);
    if (this.#mode === 'on-demand') {
      return [send(this.#configuration.voters, { type: 'decision', ballot, slot, value })];
    }
    this.#decided.push(slot);
    return [send([this.#self], { type: 'decision', ballot, slot, value })];
  }

  #adopted({ floor, pvalues }: Adopted): Effect[] {
    this.#scout = undefined;
    this.#election.won();
    this.#active = true;
    this.#known = undefined;
    this.#ticksToHeartbeat = 0;
    // Below the highest floor nothing is proposed, neither no-ops nor reported pvalues.
    this.#floor = floor;
    this.#stuck = this.#patience();
    const effects: Effect[] = [{ type: 'leading', ballot: this.#ballot }];
    const from = Math.max(this.#mark, floor);
    let end = from;
    for (const slot of pvalues.keys()) end = Math.max(end, slot + 1);
    for (let slot = from; slot < end; slot++) {
      // C2: the pvalue of the highest ballot that a quorum reported is the only choice (pmax).
      effects.push(...this.#select(slot, pvalues.get(slot)?.value ?? NO_OP));
    }
    return effects;
  }

  #preempted({ ballot }: Preempted): Effect[] {
    this.#hear(ballot);
    if (compareBallots(ballot, this.#ballot) <= 0) return [];
    this.#election.preempted();
    this.#known = ballot.leader;
    return this.#stepDown();
  }

  /** Stops leading: the next command needs a new ballot. */
  resign(): Effect[] {
    return this.#active ? this.#stepDown() : [];
  }

  #stepDown(): Effect[] {
    const effects: Effect[] = [...this.#announceDecided()];
    if (this.#active) effects.push({ type: 'leading', ballot: undefined });
    this.#active = false;
    this.#scout = undefined;
    this.#proposals.clear();
    this.#commanders.clear();
    this.#end = 0;
    return effects;
  }

  /** Starts phase 1 with a ballot above every one that it heard of. */
  #campaign(): Effect[] {
    const effects = this.#stepDown();
    const ballot = nextBallot(this.#highest, this.#self);
    invariant(
      compareBallots(ballot, this.#ballot) > 0,
      'C1',
      () => 'a leader must not use a ballot twice',
    );
    this.#ballot = ballot;
    this.#highest = ballot;
    this.#scout = new Scout(ballot, this.#mark, this.#configuration.voters, this.#timing);
    effects.push({ type: 'persist', record: { type: 'leader-ballot', ballot } });
    effects.push(...this.#scout.start());
    return effects;
  }

  heartbeat({ ballot }: Heartbeat): Effect[] {
    if (compareBallots(ballot, this.#highest) < 0) return [];
    this.#hear(ballot);
    if (ballot.leader === this.#self) return [];
    const effects =
      compareBallots(ballot, this.#ballot) > 0 && (this.#active || this.#scout !== undefined)
        ? this.#preempted({ type: 'preempted', ballot })
        : [];
    this.#election.heard();
    this.#known = ballot.leader;
    return effects;
  }

  #hear(ballot: Ballot): void {
    if (compareBallots(ballot, this.#highest) > 0) this.#highest = ballot;
  }

  /**
   * The co-located replica has applied every slot below `slotOut`.
   * @param unapplied whether commands that this member was given are not applied yet
   */
  advance(slotOut: Slot, unapplied: boolean): Effect[] {
    if (slotOut === this.#mark) return [];
    // On demand, a scout with nothing left to lead is abandoned: adopted late, it starts nothing.
    if (this.#mode === 'on-demand' && !unapplied) this.#scout = undefined;
    const before = this.#mark + this.#configuration.window;
    for (; this.#mark < slotOut; this.#mark++) {
      this.#proposals.delete(this.#mark);
      this.#commanders.delete(this.#mark);
    }
    this.#stuck.reset();
    const effects: Effect[] = [];
    const window = Math.min(this.#mark + this.#configuration.window, this.#end);
    for (let slot = Math.max(before, this.#mark); slot < window; slot++) {
      const value = this.#proposals.get(slot);
      if (value !== undefined) effects.push(...this.#spawn(slot, value));
    }
    return effects;
  }

  /** @param unapplied whether commands that this member was given are not applied yet */
  tick(random: number, unapplied: boolean): Effect[] {
    if (this.#active) return this.#lead(random);
    if (this.#scout !== undefined) return this.#scout.tick(random);
    return this.#election.tick(random, unapplied) ? this.#campaign() : [];
  }

  #lead(random: number): Effect[] {
    // Whoever named the floor may be gone: another quorum may report what is below it.
    if (this.#mark < this.#floor && this.#stuck.tick(random)) return this.#campaign();
    const effects: Effect[] = [...this.#announceDecided()];
    for (const commander of this.#commanders.values()) {
      const { ballot, slot, value } = commander;
      const to = commander.tick(random);
      if (to.length > 0) effects.push(send(to, { type: 'p2a', ballot, slot, value, decided: [] }));
    }
    effects.push(...this.#fillHoles());
    if (this.#mode === 'stable' && --this.#ticksToHeartbeat < 0 && this.#ballot !== undefined) {
      this.#ticksToHeartbeat = this.#timing.heartbeat;
      const heartbeat = { type: 'heartbeat', ballot: this.#ballot, slotOut: this.#mark } as const;
      effects.push(send(this.#others, heartbeat));
    }
    return effects;
  }

  /** A hole below a proposal would hold up every slot above it: it gets a no-op. */
  #fillHoles(): Effect[] {
    const from = Math.max(this.#mark, this.#floor);
    if (this.#proposals.size >= this.#end - from) return [];
    const effects: Effect[] = [];
    for (let slot = from; slot < this.#end; slot++) {
      if (!this.#proposals.has(slot)) effects.push(...this.#select(slot, NO_OP));
    }
    return effects;
  }

  /** Decisions that no p2a carried away yet. */
  #announceDecided(): Effect[] {
    const ballot = this.#ballot;
    const decided = this.#decided;
    if (ballot === undefined || decided.length === 0) return [];
    this.#decided = [];
    return decided.map((slot) => send(this.#others, { type: 'decision', ballot, slot }));
  }

  get #others(): MemberId[] {
    return this.#configuration.voters.filter((voter) => voter !== this.#self);
  }

  #patience(): Retransmission {
    return new Retransmission(this.#timing.election, this.#timing.election * 8);
  }
}

function send(to: readonly MemberId[], message: Message): Effect {
  return { type: 'send', to, message };
}
