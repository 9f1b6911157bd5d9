import { compareBallots, nextBallot, type Ballot, type MemberId } from './ballot.ts';
import { Candidacy, type Candidate } from './candidacy.ts';
import { Collection } from './collection.ts';
import type { Configurations } from './configurations.ts';
import type { Contact } from './contact.ts';
import { send, type Effect } from './effects.ts';
import { invariant } from './invariant.ts';
import { Leadership } from './leadership.ts';
import type {
  Adopted,
  Alive,
  Canvass,
  Canvassed,
  HandOver,
  Heartbeat,
  P1b,
  P2b,
  Preempted,
  Propose,
} from './messages.ts';
import { Pace } from './pace.ts';
import type { Slot } from './pvalue.ts';
import { regimes, type LeadershipMode, type Regime } from './regime.ts';
import { Scout } from './scout.ts';
import type { Timing } from './timing.ts';
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
 * figure 7). It owns its candidacy, its scout, and its proposals with their commanders.
 */
export class Leader {
  readonly #self: MemberId;
  readonly #mode: LeadershipMode;
  readonly #regime: Regime;
  readonly #timing: Timing;
  readonly #candidacy: Candidacy;
  readonly #witnesses: LeaderInit['witnesses'];
  readonly #machine: number;
  #configurations: Configurations;

  /** Its own ballot, durable before its p1a leaves; apart from the co-located acceptor's. */
  #ballot: Ballot | undefined;
  /** The highest ballot that it heard of. */
  #highest: Ballot | undefined;
  #scout: Scout | undefined;
  /** While it is active. A new ballot ends it, and its proposals; never `slot_out` (C1). */
  #leadership: Leadership | undefined;
  readonly #pace: Pace;
  readonly #collection: Collection;
  /** The co-located `slot_out`: below it everything is decided and forgotten, over all ballots. */
  #slotOut: Slot;
  /** Below it nothing is proposed: a quorum says that it is decided. */
  #forgotten: Slot = 0;

  constructor(init: LeaderInit) {
    this.#self = init.self;
    this.#configurations = init.configurations;
    this.#mode = init.mode;
    this.#regime = regimes[init.mode];
    this.#timing = init.timing;
    this.#witnesses = init.witnesses;
    this.#machine = init.machine;
    this.#ballot = init.ballot;
    this.#highest = init.highest;
    this.#slotOut = init.slotOut;
    this.#candidacy = new Candidacy(init.self, init.mode, init.timing);
    this.#collection = new Collection(init.self, init.slotOut);
    this.#pace = new Pace(init.timing.phaseOneLongest);
  }

  get active(): boolean {
    return this.#leadership !== undefined;
  }

  /** The member that leads, as far as this one knows. */
  get known(): MemberId | undefined {
    return this.active ? this.#self : this.#candidacy.leader;
  }

  /** It does not lead, and has heard no leader for a while. */
  get missesLeader(): boolean {
    return !this.active && this.#candidacy.isSilent;
  }

  /** The leader's ballot while it is active. */
  get ballot(): Ballot | undefined {
    return this.#leadership?.ballot;
  }

  get highest(): Ballot | undefined {
    return this.#highest;
  }

  /** What has to be learned before anything below it can be proposed. */
  get forgotten(): Slot {
    return this.#forgotten;
  }

  /**
   * It leads, and has applied all that may have been decided before: so it knows of every change.
   * (The same reason as in Raft: a leader has no say on members before its first own entry.)
   */
  get isInformed(): boolean {
    return this.#leadership?.isInformed === true;
  }

  /**
   * Whether commands may wait for it: they do in who leads, and on demand in whoever they came to.
   */
  get takesCommands(): boolean {
    return !this.#regime.hasOneLeader || this.active;
  }

  /**
   * Whether new commands may be proposed. Who leads is behind until it has applied all that phase 1
   * reported: it would propose for slots that are decided, and what has run already.
   */
  get takesProposals(): boolean {
    return !this.#regime.hasOneLeader || this.isInformed;
  }

  /** How far it may propose now: nowhere while it is passive. */
  get reach(): Slot {
    return this.#leadership?.limit ?? 0;
  }

  /** What it hears of the others while it is active. */
  get contact(): Contact | undefined {
    return this.#leadership?.contact;
  }

  get #others(): MemberId[] {
    return this.#configurations.members.filter((member) => member !== this.#self);
  }

  /* The active leader. */

  propose(from: MemberId, { slot, value }: Propose): Effect[] {
    if (slot < Math.max(this.#slotOut, this.active ? this.#forgotten : 0)) {
      const below = Math.max(this.#slotOut, this.#forgotten);
      return from === this.#self ? [] : [send([from], { type: 'forgotten', below })];
    }
    return this.#leadership?.propose(slot, value) ?? [];
  }

  p2b(from: MemberId, message: P2b): Effect[] {
    this.#pace.answered(from, message.ballot, message.slot);
    const outcome = this.#leadership?.p2b(from, message) ?? [];
    return Array.isArray(outcome) ? outcome : this.#preempted(outcome);
  }

  /** Somebody reads, and waits for what is decided: the others hear of that now. */
  announce(): Effect[] {
    return this.#leadership?.announceDecided() ?? [];
  }

  /** A follower answers a heartbeat. */
  alive(from: MemberId, message: Alive): Effect[] {
    if (this.#leadership === undefined) return [];
    const { ballot } = message;
    const order = compareBallots(ballot, this.#leadership.ballot);
    if (order > 0) return this.#preempted({ type: 'preempted', ballot });
    if (order === 0) this.#leadership.contact.heard(from, message);
    return [];
  }

  /** Asks `to`, or who is fit, to lead; this member leads on until the other one does. */
  handOver(to: MemberId | undefined): Effect[] {
    if (!this.#regime.hasOneLeader) return []; // Others lead what is theirs.
    const next = to ?? this.#leadership?.nearest();
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
    if (slotOut === this.#slotOut) return [];
    // On demand, a scout with nothing left to lead is abandoned: adopted late, it starts nothing.
    if (!this.#regime.hasOneLeader && !unapplied) this.#scout = undefined;
    this.#slotOut = slotOut;
    const isNew = configurations !== this.#configurations;
    const scouting = isNew ? this.#reconfigured(configurations) : [];
    return [...scouting, ...(this.#leadership?.advance(slotOut) ?? [])];
  }

  /**
   * A scout has no slot: it needs a quorum in every configuration that rules an undecided one. So
   * phase 1 is repeated, at the same ballot, in a configuration that is new to this leader, before
   * its first slot there.
   */
  #reconfigured(configurations: Configurations): Effect[] {
    const firstNewSlot = configurations.firstNewSlot(this.#configurations);
    this.#configurations = configurations;
    if (this.#leadership !== undefined) {
      this.#leadership.reconfigured(configurations, firstNewSlot);
      return this.#startScout(this.#leadership.ballot, this.#leadership.limit);
    }
    return this.#scout === undefined ? [] : this.#startScout(this.#scout.ballot, this.#slotOut);
  }

  /** The own state on disk has every slot below `slotOut`. */
  flushed(slotOut: Slot): void {
    this.#collection.flushed = slotOut;
  }

  /** Every slot below it is on enough disks, as far as this member knows. */
  get collectable(): Slot {
    // Computed only by who has applied every slot below it; others take it from there.
    if (this.#leadership?.isInformed !== true) return this.#collection.floor(undefined);
    const { contact } = this.#leadership;
    const rulings = this.#configurations.votersFrom(this.#slotOut);
    return this.#collection.floor({ slotOut: this.#slotOut, contact, rulings });
  }

  /** A voter that is heard, and has more of the state on its disk than this member. */
  get fitter(): MemberId | undefined {
    return this.#leadership?.ahead(this.#collection.flushed);
  }

  /** A voter that is heard, and whose disk is clearly better than one that takes so many ticks. */
  quickerThan(ticks: number): MemberId | undefined {
    return this.#leadership?.nearest((voter) => this.#pace.isQuicker(voter, ticks));
  }

  /** As far as a member's state is on its disk, by what this leader heard while it is active. */
  flushedBy(member: MemberId): Slot {
    return this.#leadership ? this.#collection.flushedBy(member, this.#leadership.contact) : 0;
  }

  /**
   * @param unapplied whether commands that this member was given are not applied yet
   * @param mayLead whether it was admitted, and its disk keeps up
   * @param write ticks that a write of the own log takes lately
   */
  tick(random: number, unapplied: boolean, mayLead = true, write = 0): Effect[] {
    this.#pace.tick(write);
    if (this.#leadership !== undefined) return this.#lead(this.#leadership, random);
    if (!this.#regime.hasOneLeader && this.#scout !== undefined) return this.#scout.tick(random);
    const isDue = this.#candidacy.tick(random, unapplied, this.#phaseOne);
    const presence = this.#candidacy.askPresence();
    if (!mayLead || !this.#isVoter) return presence;
    if (isDue) return this.#seek();
    return [...presence, ...(this.#scout?.tick(random) ?? this.#candidacy.askAgain(random))];
  }

  /** Ticks that phase 1 may take. */
  get #phaseOne(): number {
    return this.#pace.phaseOne(this.#configurations.votersFrom(this.#slotOut));
  }

  /** Who is no voter, or is about to be none, never leads; but it supports others. */
  get #isVoter(): boolean {
    return this.#configurations.newest.voters.includes(this.#self);
  }

  /**
   * The network says that nobody listens where `member` does.
   * @param mayLead as `tick` has it
   */
  gone(member: MemberId, mayLead: boolean): Effect[] {
    const next = this.active ? undefined : this.#candidacy.gone(member);
    if (next === undefined) return [];
    if (next !== 'seek') return [this.#answer(next)];
    return mayLead && this.#isVoter ? this.#seek() : [];
  }

  #lead(leadership: Leadership, random: number): Effect[] {
    // Whoever has forgotten it may be gone: another quorum may report what is there.
    if (this.#slotOut < this.#forgotten && leadership.isStuck(random)) return this.#campaign();
    const effects = [...leadership.tick(random), ...(this.#scout?.tick(random) ?? [])];
    if (!this.#regime.hasOneLeader) return effects;
    if (!leadership.hasQuorum()) return [...effects, ...this.#stepDown()];
    if (!leadership.isHeartbeatDue()) return effects;
    // A member that was removed leads until another one does.
    const { voters } = this.#configurations.at(this.#slotOut);
    const leaving = voters.includes(this.#self) ? [] : this.handOver(undefined);
    return [...effects, ...leaving, ...this.#heartbeat()];
  }

  #heartbeat(): Effect[] {
    const ballot = this.ballot;
    if (ballot === undefined || !this.#regime.hasOneLeader) return [];
    const slotOut = this.#slotOut;
    // Who is behind may have heard of a higher one: the others have, too.
    const collectable = Math.min(this.collectable, slotOut);
    const floor = collectable === 0 ? {} : { floor: collectable };
    const ends = this.#witnesses.ends(this.#others);
    return [send(this.#others, { type: 'heartbeat', ballot, slotOut, ...floor, ends })];
  }

  #preempted({ ballot }: Preempted): Effect[] {
    this.#hear(ballot);
    if (compareBallots(ballot, this.#ballot) <= 0) return [];
    this.#candidacy.lost();
    const effects = this.#stepDown();
    this.#candidacy.preempted(ballot.leader);
    return effects;
  }

  /** Stops leading: the next command needs a new ballot. */
  resign(): Effect[] {
    return this.active ? this.#stepDown() : [];
  }

  #stepDown(): Effect[] {
    const effects: Effect[] = this.#leadership?.announceDecided() ?? [];
    if (this.active) effects.push({ type: 'leading', ballot: undefined });
    this.#pace.resigned();
    this.#leadership = undefined;
    this.#scout = undefined;
    this.#candidacy.ended();
    return effects;
  }

  /* The passive leader. */

  heartbeat(from: MemberId, { ballot, floor = 0 }: Heartbeat): Effect[] {
    // What others keep goes by what members say.
    const isMember = this.#configurations.members.includes(from);
    if (isMember) this.#collection.heard(floor);
    if (this.#highest !== undefined && compareBallots(ballot, this.#highest) < 0) {
      return [this.#alive(from, this.#highest)];
    }
    this.#hear(ballot);
    if (ballot.leader === this.#self) return [];
    const preempted =
      compareBallots(ballot, this.#ballot) > 0 && (this.active || this.#scout !== undefined)
        ? this.#preempted({ type: 'preempted', ballot })
        : [];
    this.#candidacy.heard(ballot.leader);
    return [...preempted, this.#alive(from, ballot)];
  }

  #alive(to: MemberId, ballot: Ballot): Effect {
    const { flushed } = this.#collection;
    const said = { slotOut: this.#slotOut, flushed, machine: this.#machine };
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
    if (!this.#regime.hasOneLeader) return this.#campaign();
    if (this.#scout !== undefined) this.#candidacy.failed();
    const effects = this.#stepDown();
    const ballot = nextBallot(this.#highest, this.#self);
    const voters = this.#configurations.votersFrom(this.#slotOut);
    const question = this.#candidacy.seek(ballot, voters);
    return [...effects, ...(question ?? this.#campaign())]; // Without one, it is alone.
  }

  canvass(from: MemberId, { ballot }: Canvass): Effect[] {
    return [this.#answer({ from, ballot })];
  }

  #answer(candidate: Candidate): Effect {
    const [scouting, phaseOne, slotOut] = [this.#scout?.ballot, this.#phaseOne, this.#slotOut];
    return this.#candidacy.answer(candidate, { scouting, phaseOne, slotOut });
  }

  canvassed(from: MemberId, message: Canvassed): Effect[] {
    return this.#candidacy.canvassed(from, message) ? this.#campaign() : [];
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
    this.#candidacy.began();
    this.#pace.asked(this.#configurations.votersFrom(this.#slotOut).flat(), ballot);
    return [...effects, ...this.#startScout(ballot, this.#slotOut)];
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
    if (outcome.length > 0) this.#candidacy.progressed(); // However many pages there are.
    return outcome;
  }

  #adopted(adopted: Adopted): Effect[] {
    const { ballot } = adopted;
    this.#scout = undefined;
    if (this.#leadership !== undefined) {
      this.#forgotten = Math.max(this.#forgotten, adopted.forgotten);
      return this.#leadership.adopt(adopted);
    }
    this.#forgotten = adopted.forgotten;
    this.#candidacy.won();
    const terms = { self: this.#self, ballot, mode: this.#mode, pace: this.#pace };
    this.#leadership = new Leadership(terms, this.#slotOut, this.#configurations, this.#timing);
    const effects: Effect[] = [{ type: 'leading', ballot }, ...this.#heartbeat()];
    effects.push(...this.#leadership.adopt(adopted));
    return effects;
  }
}
