import { compareBallots, nextBallot, type Ballot, type MemberId } from './ballot.ts';
import { Canvass } from './canvass.ts';
import type { LeadershipMode } from './configuration.ts';
import type { Configurations } from './configurations.ts';
import { Contact } from './contact.ts';
import { send, type Effect } from './effects.ts';
import { electionOf, type Election } from './election.ts';
import { floorOf } from './floor.ts';
import { invariant } from './invariant.ts';
import type {
  Adopted,
  Alive,
  Canvass as CanvassMessage,
  Canvassed,
  HandOver,
  Heartbeat,
  P1b,
  P2b,
  Preempted,
  Propose,
} from './messages.ts';
import { Pace } from './pace.ts';
import { Proposals } from './proposals.ts';
import type { Slot } from './pvalue.ts';
import { Scout } from './scout.ts';
import { Retransmission, type Timing } from './timing.ts';
import type { Witnesses } from './witnesses.ts';

export interface LeaderInit {
  readonly self: MemberId;
  readonly configurations: Configurations;
  readonly mode: LeadershipMode;
  readonly timing: Timing;
  /** The highest ballot that this leader ever used. */
  readonly ballot: Ballot | undefined;
  /** The highest ballot that this member knows of. */
  readonly highest: Ballot | undefined;
  /** The co-located replica's. */
  readonly slotOut: Slot;
  readonly witnesses: Pick<Witnesses, 'ends'>;
  /** The newest version of the machine that this member has: whoever leads is told. */
  readonly machine: number;
}

/**
 * The leader: passive until a quorum adopts its ballot, then it has proposals decided (PMMC
 * figure 7). It owns its canvass, its scout, and its proposals with their commanders.
 */
export class Leader {
  readonly #self: MemberId;
  readonly #mode: LeadershipMode;
  readonly #timing: Timing;
  readonly #election: Election;
  readonly #witnesses: LeaderInit['witnesses'];
  readonly #machine: number;
  #configurations: Configurations;

  /** Its own ballot, durable before its p1a leaves; apart from the co-located acceptor's. */
  #ballot: Ballot | undefined;
  /** The highest ballot that it heard of. */
  #highest: Ballot | undefined;
  #known: MemberId | undefined;
  #canvass: Canvass | undefined;
  /** Who asked for its support since a leader was heard last; of several, the highest. */
  #refused: { readonly from: MemberId; readonly ballot: Ballot } | undefined;
  /** Who is given time for phase 1; it may be this member. */
  #favoured: MemberId | undefined;
  #scout: Scout | undefined;
  /** While it is active. A new ballot empties them, never the mark (C1). */
  #proposals: Proposals | undefined;
  #contact: Contact;
  readonly #pace: Pace;
  /** The co-located `slot_out`: below it everything is decided and forgotten, over all ballots. */
  #mark: Slot;
  /** Below it nothing is proposed: a quorum says that it is decided. */
  #floor: Slot = 0;
  /** From it on nothing is proposed until phase 1 is done in the configuration that rules there. */
  #limit: Slot = Infinity;
  /** Below it, leaders before this one may have decided something. */
  #inherited: Slot = 0;
  /** The own state on disk has every slot below it. */
  #flushed: Slot;
  /** What other leaders said of the garbage-collection floor. */
  #heardFloor: Slot = 0;
  #ticksToHeartbeat = 0;
  #stuck: Retransmission;

  constructor(init: LeaderInit) {
    this.#self = init.self;
    this.#configurations = init.configurations;
    this.#mode = init.mode;
    this.#timing = init.timing;
    this.#witnesses = init.witnesses;
    this.#machine = init.machine;
    this.#ballot = init.ballot;
    this.#highest = init.highest;
    this.#mark = init.slotOut;
    this.#flushed = init.slotOut;
    this.#election = electionOf(init.mode, init.timing);
    this.#contact = new Contact(init.self, init.timing.election);
    this.#pace = new Pace(init.timing.phaseOneLongest);
    this.#stuck = this.#patience();
  }

  get active(): boolean {
    return this.#proposals !== undefined;
  }

  /** The member that leads, as far as this one knows. */
  get known(): MemberId | undefined {
    return this.active ? this.#self : this.#known;
  }

  /** It does not lead, and has heard no leader for a while. */
  get missesLeader(): boolean {
    return !this.active && this.#election.isSilent;
  }

  /** The leader's ballot while it is active. */
  get ballot(): Ballot | undefined {
    return this.active ? this.#ballot : undefined;
  }

  get highest(): Ballot | undefined {
    return this.#highest;
  }

  /** What has to be learned before anything below it can be proposed. */
  get floor(): Slot {
    return this.#floor;
  }

  /**
   * It leads, and has applied all that may have been decided before: so it knows of every change.
   * (The same reason as in Raft: a leader has no say on members before its first own entry.)
   */
  get isInformed(): boolean {
    return this.#proposals !== undefined && this.#mark >= this.#proposals.inherited;
  }

  /**
   * Whether commands may wait for it: they do in who leads, and on demand in whoever they came to.
   */
  get takesCommands(): boolean {
    return this.#mode === 'on-demand' || this.active;
  }

  /**
   * Whether new commands may be proposed. Who leads is behind until it has applied all that phase 1
   * reported: it would propose for slots that are decided, and what has run already.
   */
  get takesProposals(): boolean {
    return this.#mode === 'on-demand' || (this.active && this.#mark >= this.#inherited);
  }

  /** How far it may propose now: nowhere while it is passive. */
  get reach(): Slot {
    return this.active ? this.#limit : 0;
  }

  /** What it hears of the others while it is active. */
  get contact(): Contact {
    return this.#contact;
  }

  get #others(): MemberId[] {
    return this.#configurations.members.filter((member) => member !== this.#self);
  }

  /* The active leader. */

  propose(from: MemberId, { slot, value }: Propose): Effect[] {
    if (slot < Math.max(this.#mark, this.active ? this.#floor : 0)) {
      const floor = Math.max(this.#mark, this.#floor);
      return from === this.#self ? [] : [send([from], { type: 'floor', floor })];
    }
    if (this.#proposals === undefined || slot >= this.#limit) return [];
    return this.#proposals.has(slot) ? [] : this.#proposals.select(slot, value);
  }

  p2b(from: MemberId, message: P2b): Effect[] {
    this.#pace.answered(from, message.ballot, message.slot);
    const outcome = this.#proposals?.p2b(from, message) ?? [];
    return Array.isArray(outcome) ? outcome : this.#preempted(outcome);
  }

  /** Somebody reads, and waits for what is decided: the others hear of that now. */
  announce(): Effect[] {
    return this.#proposals?.announceDecided() ?? [];
  }

  /** A follower answers a heartbeat. */
  alive(from: MemberId, message: Alive): Effect[] {
    const { ballot } = message;
    if (!this.active) return [];
    if (compareBallots(ballot, this.#ballot) > 0) {
      return this.#preempted({ type: 'preempted', ballot });
    }
    if (compareBallots(ballot, this.#ballot) === 0) this.#contact.heard(from, message);
    return [];
  }

  /** Asks `to`, or who is fit, to lead; this member leads on until the other one does. */
  handOver(to: MemberId | undefined): Effect[] {
    if (this.#mode === 'on-demand') return []; // Others lead what is theirs.
    const next = to ?? this.#contact.nearest(this.#configurations.newest);
    const ballot = this.ballot;
    if (ballot === undefined || next === undefined || next === this.#self) return [];
    return [send([next], { type: 'hand-over', ballot })];
  }

  /**
   * The co-located replica has applied every slot below `slotOut`.
   * @param configurations those that it has then
   * @param unapplied whether commands that this member was given are not applied yet
   */
  advance(slotOut: Slot, configurations: Configurations, unapplied: boolean): Effect[] {
    if (slotOut === this.#mark) return [];
    // On demand, a scout with nothing left to lead is abandoned: adopted late, it starts nothing.
    if (this.#mode === 'on-demand' && !unapplied) this.#scout = undefined;
    this.#mark = slotOut;
    this.#stuck.reset();
    const isNew = configurations !== this.#configurations;
    const scouting = isNew ? this.#reconfigured(configurations) : [];
    return [...scouting, ...(this.#proposals?.advance(slotOut) ?? [])];
  }

  /**
   * A scout has no slot: it needs a quorum in every configuration that rules an undecided one. So
   * phase 1 is repeated, at the same ballot, in a configuration that is new to this leader, before
   * its first slot there.
   */
  #reconfigured(configurations: Configurations): Effect[] {
    const firstNewSlot = configurations.firstNewSlot(this.#configurations);
    this.#configurations = configurations;
    this.#contact.greet(configurations.members);
    if (this.#ballot === undefined) return [];
    if (this.#proposals !== undefined) {
      this.#limit = Math.min(this.#limit, firstNewSlot);
      this.#proposals.reconfigured(configurations, this.#limit);
      return this.#startScout(this.#ballot, this.#limit);
    }
    return this.#scout === undefined ? [] : this.#startScout(this.#ballot, this.#mark);
  }

  /** The own state on disk has every slot below `slotOut`. */
  flushed(slotOut: Slot): void {
    this.#flushed = slotOut;
  }

  /** Every slot below it is on enough disks, as far as this member knows. */
  get collectable(): Slot {
    // Computed only by who has applied every slot below it; others take it from there.
    if (!this.isInformed) return this.#heardFloor;
    const voters = this.#configurations.votersFrom(this.#mark);
    const floor = floorOf(voters, (voter) => this.flushedBy(voter));
    return Math.max(this.#heardFloor, Math.min(this.#mark, floor));
  }

  /** A voter that is heard, and has more of the state on its disk than this member. */
  get fitter(): MemberId | undefined {
    const { voters } = this.#configurations.newest;
    return this.active ? this.#contact.ahead(voters, this.#flushed) : undefined;
  }

  /** A voter that is heard, and whose disk is clearly better than one that takes so many ticks. */
  quickerThan(ticks: number): MemberId | undefined {
    const isQuicker = (voter: MemberId): boolean => this.#pace.isQuicker(voter, ticks);
    return this.active ? this.#contact.nearest(this.#configurations.newest, isQuicker) : undefined;
  }

  /** As far as a member's state is on its disk, by what this leader heard. */
  flushedBy(member: MemberId): Slot {
    return member === this.#self ? this.#flushed : this.#contact.flushed(member);
  }

  /**
   * @param unapplied whether commands that this member was given are not applied yet
   * @param mayVote whether it was admitted
   * @param write ticks that a write of the own log takes lately
   */
  tick(random: number, unapplied: boolean, mayVote = true, write = 0): Effect[] {
    this.#pace.tick(write);
    if (this.#proposals !== undefined) return this.#lead(this.#proposals, random);
    if (this.#mode === 'on-demand' && this.#scout !== undefined) return this.#scout.tick(random);
    const isDue = this.#election.tick(random, unapplied, this.#phaseOne);
    const presence = this.#askPresence();
    if (!this.#mayLead(mayVote)) return presence;
    if (isDue) return this.#seek();
    return [...presence, ...((this.#scout ?? this.#canvass)?.tick(random) ?? [])];
  }

  /** Ticks that phase 1 may take. */
  get #phaseOne(): number {
    return this.#pace.phaseOne(this.#configurations.votersFrom(this.#mark));
  }

  /** Who is no voter, or is about to be none, never leads; but it supports others. */
  #mayLead(mayVote: boolean): boolean {
    return mayVote && this.#configurations.newest.voters.includes(this.#self);
  }

  #askPresence(): Effect[] {
    const of = this.#known;
    return of === undefined || !this.#election.asks ? [] : [{ type: 'ask-presence', of }];
  }

  /**
   * The network says that nobody listens where `member` does. That is no proof of anything, and
   * only a reason to ask the others: without a quorum that misses the leader nothing follows.
   * @param mayVote whether this member was admitted
   */
  gone(member: MemberId, mayVote: boolean): Effect[] {
    if (this.active || member !== this.#known) return [];
    const mayTry = this.#election.gone();
    if (!this.#election.suspects) return [];
    const refused = this.#refused;
    if (refused !== undefined) return this.#answer(refused.from, refused.ballot);
    return mayTry && this.#mayLead(mayVote) ? this.#seek() : [];
  }

  #lead(proposals: Proposals, random: number): Effect[] {
    // Whoever named the floor may be gone: another quorum may report what is below it.
    if (this.#mark < this.#floor && this.#stuck.tick(random)) return this.#campaign();
    const effects = [...proposals.tick(random), ...(this.#scout?.tick(random) ?? [])];
    if (this.#mode === 'on-demand') return effects;
    this.#contact.tick();
    const { voters } = this.#configurations.at(this.#mark);
    if (!this.#contact.hasQuorum(voters)) return [...effects, ...this.#stepDown()];
    this.#ticksToHeartbeat -= 1;
    if (this.#ticksToHeartbeat > 0) return effects;
    // A member that was removed leads until another one does.
    const leaving = voters.includes(this.#self) ? [] : this.handOver(undefined);
    return [...effects, ...leaving, ...this.#heartbeat()];
  }

  #heartbeat(): Effect[] {
    this.#ticksToHeartbeat = this.#timing.heartbeat;
    const ballot = this.ballot;
    if (ballot === undefined || this.#mode === 'on-demand') return [];
    const floor = this.collectable === 0 ? {} : { floor: this.collectable };
    const ends = this.#witnesses.ends(this.#others);
    const slotOut = this.#mark;
    return [send(this.#others, { type: 'heartbeat', ballot, slotOut, ...floor, ends })];
  }

  #preempted({ ballot }: Preempted): Effect[] {
    this.#hear(ballot);
    if (compareBallots(ballot, this.#ballot) <= 0) return [];
    this.#election.preempted();
    const effects = this.#stepDown();
    this.#known = ballot.leader;
    this.#favoured = ballot.leader;
    return effects;
  }

  /** Stops leading: the next command needs a new ballot. */
  resign(): Effect[] {
    return this.active ? this.#stepDown() : [];
  }

  #stepDown(): Effect[] {
    const effects: Effect[] = this.#proposals?.announceDecided() ?? [];
    if (this.active) effects.push({ type: 'leading', ballot: undefined });
    this.#pace.resigned();
    this.#proposals = undefined;
    this.#scout = undefined;
    this.#canvass = undefined;
    this.#known = undefined;
    this.#limit = Infinity;
    return effects;
  }

  /* The passive leader. */

  heartbeat(from: MemberId, { ballot, floor = 0 }: Heartbeat): Effect[] {
    this.#heardFloor = Math.max(this.#heardFloor, floor);
    if (this.#highest !== undefined && compareBallots(ballot, this.#highest) < 0) {
      return [this.#alive(from, this.#highest)];
    }
    this.#hear(ballot);
    if (ballot.leader === this.#self) return [];
    const preempted =
      compareBallots(ballot, this.#ballot) > 0 && (this.active || this.#scout !== undefined)
        ? this.#preempted({ type: 'preempted', ballot })
        : [];
    this.#election.heard();
    this.#canvass = undefined;
    this.#refused = undefined;
    this.#known = ballot.leader;
    return [...preempted, this.#alive(from, ballot)];
  }

  #alive(to: MemberId, ballot: Ballot): Effect {
    const said = { slotOut: this.#mark, flushed: this.#flushed, machine: this.#machine };
    return send([to], { type: 'alive', ballot, ...said });
  }

  #hear(ballot: Ballot): void {
    if (compareBallots(ballot, this.#highest) > 0) this.#highest = ballot;
  }

  /** The leader asks this member to lead. */
  handedOver({ ballot }: HandOver): Effect[] {
    if (this.active || compareBallots(ballot, this.#highest) < 0) return []; // It is old.
    this.#hear(ballot);
    return this.#campaign();
  }

  /** The leader is suspected: asks whether the others miss it, too, before it uses a ballot. */
  #seek(): Effect[] {
    if (this.#mode === 'on-demand') return this.#campaign();
    if (this.#scout !== undefined) this.#election.failed();
    const effects = this.#stepDown();
    const ballot = nextBallot(this.#highest, this.#self);
    const voters = this.#configurations.votersFrom(this.#mark);
    this.#canvass = new Canvass(ballot, this.#self, voters, this.#timing);
    if (this.#canvass.supported) return [...effects, ...this.#campaign()]; // It is alone.
    return [...effects, ...this.#canvass.ask()];
  }

  /** Another member suspects the leader. Of two that do so at a time, the lower one waits. */
  canvass(from: MemberId, { ballot }: CanvassMessage): Effect[] {
    return this.#answer(from, ballot);
  }

  #answer(from: MemberId, ballot: Ballot): Effect[] {
    const rival = this.#scout ?? this.#canvass;
    const isLower = rival !== undefined && compareBallots(ballot, rival.ballot) < 0;
    const isTooLate = from !== this.#favoured && this.#election.isTried(this.#phaseOne);
    const supports = !isLower && !isTooLate && this.#election.suspects;
    if (supports) {
      this.#favoured = from;
      this.#canvass = undefined;
      this.#refused = undefined;
      this.#election.supported();
    } else if (!isLower && compareBallots(ballot, this.#refused?.ballot) > 0) {
      this.#refused = { from, ballot };
    }
    return [send([from], { type: 'canvassed', ballot, supports, slotOut: this.#mark })];
  }

  canvassed(from: MemberId, message: Canvassed): Effect[] {
    this.#canvass?.canvassed(from, message);
    return this.#canvass?.supported === true ? this.#campaign() : [];
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
    effects.push({ type: 'persist', record: { type: 'leader-ballot', ballot } });
    this.#election.began();
    this.#favoured = this.#self;
    this.#pace.asked(this.#configurations.votersFrom(this.#mark).flat(), ballot);
    return [...effects, ...this.#startScout(ballot, this.#mark)];
  }

  #startScout(ballot: Ballot, from: Slot): Effect[] {
    const voters = this.#configurations.votersFrom(from);
    this.#scout = new Scout(ballot, from, voters, this.#timing);
    return this.#scout.start();
  }

  p1b(from: MemberId, page: P1b): Effect[] {
    this.#pace.answered(from, page.ballot);
    const outcome = this.#scout?.p1b(from, page) ?? [];
    if (!Array.isArray(outcome)) {
      return outcome.type === 'adopted' ? this.#adopted(outcome) : this.#preempted(outcome);
    }
    if (outcome.length > 0) this.#election.progressed(); // However many pages there are.
    return outcome;
  }

  #adopted(adopted: Adopted): Effect[] {
    const { ballot } = adopted;
    this.#scout = undefined;
    this.#limit = Infinity;
    if (this.#proposals !== undefined) {
      this.#floor = Math.max(this.#floor, adopted.floor);
      return this.#proposals.adopt(adopted);
    }
    this.#floor = adopted.floor;
    this.#election.won();
    this.#stuck = this.#patience();
    this.#contact = new Contact(this.#self, this.#timing.election);
    this.#contact.greet(this.#configurations.members);
    const leadership = { self: this.#self, ballot, mode: this.#mode, pace: this.#pace };
    this.#proposals = new Proposals(leadership, this.#mark, this.#configurations, this.#timing);
    const effects: Effect[] = [{ type: 'leading', ballot }, ...this.#heartbeat()];
    effects.push(...this.#proposals.adopt(adopted));
    this.#inherited = this.#proposals.inherited;
    return effects;
  }

  #patience(): Retransmission {
    return new Retransmission(this.#timing.election, this.#timing.election * 8);
  }
}
