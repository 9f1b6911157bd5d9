import { Acceptor } from './acceptor.ts';
import { OUTSIDE, type Expulsion } from './admission.ts';
import { compareBallots, type Ballot, type MemberId } from './ballot.ts';
import { Changes, type ProposalRefusal } from './changes.ts';
import type { Configuration } from './configuration.ts';
import type { Configurations } from './configurations.ts';
import { send, type Effect, type Recovered } from './effects.ts';
import type { Input } from './input.ts';
import { Intake } from './intake.ts';
import { Leader } from './leader.ts';
import { Learner, type Question } from './learner.ts';
import type { HeardEnds, LogEnd } from './log-end.ts';
import { messageTable } from './message-table.ts';
import type { CoreMessage, Heartbeat, Learned, P2a, Propose, Testimony } from './messages.ts';
import { isPlausible, type Known } from './plausible.ts';
import { NO_OP, type Command, type Slot } from './pvalue.ts';
import { Reader } from './reader.ts';
import { regimes, type LeadershipMode, type Regime } from './regime.ts';
import { Replica, type CommandJudges, type Packing } from './replica.ts';
import { Runs } from './runs.ts';
import { encodeChange, encodeSystemCommand, type Change } from './system-command.ts';
import { Teacher } from './teacher.ts';
import type { Timing } from './timing.ts';
import { Upgrades, type MachineVersions } from './upgrade.ts';

export interface MemberInit {
  readonly self: MemberId;
  /** Those that belong to the recovered state. */
  readonly configurations: Configurations;
  readonly mode: LeadershipMode;
  readonly timing: Timing;
  readonly packing: Packing;
  readonly recovered: Recovered;
  /** How far the own log went when it was opened, in the run that begins. */
  readonly end: LogEnd;
  /** How far the others' logs went, as an earlier run had heard. */
  readonly heard: HeardEnds;
  readonly machine: MachineVersions;
  /** Whether a witness that is none of the members may be there, and is to be asked. */
  readonly asksOutside?: boolean;
  readonly isSound?: CommandJudges['isSound'];
  readonly isAnswered?: CommandJudges['isAnswered'];
}

/**
 * The five roles of one process, and the messages between them. A pure function of its inputs:
 * `step` returns what is to be done, and does nothing itself.
 */
export class Member {
  readonly self: MemberId;
  readonly #regime: Regime;
  readonly #intake: Intake;
  readonly #acceptor: Acceptor;
  readonly #leader: Leader;
  readonly #replica: Replica;
  readonly #learner: Learner;
  readonly #teacher: Teacher;
  readonly #changes: Changes;
  readonly #reader: Reader;
  readonly #runs: Runs;
  readonly #upgrades: Upgrades;
  #isDisputed = false;
  #isExpelled = false;
  /** Messages to itself that need not wait for the flush: delivered within the step. */
  #local: CoreMessage[] = [];
  #mark: Slot;

  constructor(init: MemberInit) {
    const { self, configurations, mode, timing, packing, recovered } = init;
    const { isSound = () => true, isAnswered = () => false, asksOutside = false, machine } = init;
    this.self = self;
    this.#runs = new Runs({ self, timing, end: init.end, heard: init.heard, asksOutside });
    this.#reader = new Reader(init.end.incarnation, timing);
    this.#regime = regimes[mode];
    this.#mark = recovered.decidedMark;
    const { ballot, leaderBallot, slotOut } = recovered;
    this.#acceptor = new Acceptor(recovered, packing.batchBytes);
    const judges = { isSound, isAnswered };
    this.#replica = new Replica(configurations, packing, timing, recovered, judges, machine);
    this.#intake = new Intake(self, this.#acceptor, this.#replica, packing);
    const highest = compareBallots(ballot, leaderBallot) > 0 ? ballot : leaderBallot;
    const { witnesses } = this.#runs;
    const leader = { self, configurations, mode, timing, ballot: leaderBallot, highest, slotOut };
    this.#leader = new Leader({ ...leader, witnesses, machine: machine.newest });
    this.#upgrades = new Upgrades(self, machine.newest);
    this.#teacher = new Teacher(this.#replica, this.#acceptor, packing.batchBytes);
    this.#changes = new Changes(this.#leader, this.#replica, this.#upgrades);
    this.#learner = new Learner(
      configurations.members.filter((member) => member !== self),
      timing,
    );
  }

  /** As of `slot_out`. */
  get configurations(): Configurations {
    return this.#replica.configurations;
  }

  get slotIn(): Slot {
    return this.#replica.slotIn;
  }

  get slotOut(): Slot {
    return this.#replica.slotOut;
  }

  /** The active leader, as far as this member knows. */
  get leader(): MemberId | undefined {
    return this.#leader.known;
  }

  /** It does not lead, and has heard no leader for a while; never before its first ticks. */
  get missesLeader(): boolean {
    return this.#leader.missesLeader;
  }

  /** Something was proposed here, or is taken over with the lead, that is not applied yet. */
  get awaitsDecision(): boolean {
    return this.#replica.unapplied || (this.#leader.active && !this.#leader.isInformed);
  }

  /** The ballot at which this member leads. */
  get leading(): Ballot | undefined {
    return this.#leader.ballot;
  }

  /** The acceptor's ballot. */
  get ballot(): Ballot | undefined {
    return this.#acceptor.ballot;
  }

  /** Whether commands of clients may wait here: not while somebody else leads, or nobody. */
  get takesCommands(): boolean {
    return this.#leader.takesCommands;
  }

  /** Bytes of commands that wait for a slot. */
  get requestBytes(): number {
    return this.#replica.requestBytes;
  }

  /** So many bytes of commands it has a use for now: what its next slot has room for. */
  get wanted(): number {
    return this.#replica.wanted;
  }

  /** Whether what comes now is proposed as soon as a slot is free; else it may run meanwhile. */
  get takesProposals(): boolean {
    return this.#leader.takesProposals;
  }

  /** Bytes of pvalues that it holds until the state on its disk has them. */
  get heldBytes(): number {
    return this.#acceptor.bytes;
  }

  /** A voter that is heard, and has more of the state on its disk than this member. */
  get fitter(): MemberId | undefined {
    return this.#leader.fitter;
  }

  /** A voter that is heard, and whose disk is clearly better than one that takes so many ticks. */
  quickerThan(ticks: number): MemberId | undefined {
    return this.#leader.quickerThan(ticks);
  }

  /** How far the cluster is known to have decided. */
  get target(): Slot {
    return Math.max(this.#learner.target, this.#leader.forgotten);
  }

  /** Whether others have said what they remember of it, and nobody disputes its history. */
  get mayVote(): boolean {
    return this.#runs.isAdmitted && !this.#isDisputed;
  }

  /** How far the others' logs go, as far as was heard: to be kept with the state. */
  get heard(): HeardEnds {
    return this.#runs.witnesses.ends(this.configurations.members);
  }

  /** Why this member does not propose a change; `undefined` when it would. */
  refusalOf(change: Change): ProposalRefusal | undefined {
    return this.#changes.refusalOf(change);
  }

  /** Whether what was changed last is over: then the next change may come. */
  get settled(): boolean {
    return this.#changes.isSettled;
  }

  /**
   * Takes one input.
   * @returns what is to be done, in this order (see `Effect`)
   * @throws InvariantViolation when a local invariant is broken: the process must end
   */
  step(input: Input): Effect[] {
    if (this.#isExpelled) return [];
    const tookCommands = this.takesCommands;
    const effects: Effect[] = [];
    this.#emit(effects, this.#handle(input));
    for (let message = this.#local.shift(); message; message = this.#local.shift()) {
      this.#emit(effects, this.#deliver(this.self, message));
    }
    if (tookCommands) this.#dropWhenDeposed();
    const commands = this.#replica.takeRefused();
    if (commands.length > 0) effects.push({ type: 'refused', commands });
    return effects;
  }

  /** Nothing of this leadership is proposed again: whoever leads next has its own requests. */
  #dropWhenDeposed(): void {
    if (this.takesCommands) return;
    this.#replica.drop();
    this.#upgrades.drop();
  }

  /** Keeps what goes out; what this member sends itself is delivered within the step. */
  #emit(out: Effect[], effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type !== 'send' || messageTable[effect.message.type].isHeld) {
        out.push(effect);
        continue;
      }
      const others = effect.to.filter((to) => to !== this.self);
      if (others.length > 0) out.push({ ...effect, to: others });
      if (others.length < effect.to.length) this.#local.push(effect.message);
    }
  }

  #handle(input: Input): Effect[] {
    switch (input.type) {
      case 'message':
        return this.#receive(input);
      case 'tick':
        return this.#tick(input.random, input.write);
      case 'request':
        return this.#request(input.commands);
      case 'read':
        this.#reader.came(input.read);
        return this.#read();
      case 'perform':
        return [...this.#perform(), ...this.#learnOn()];
      case 'recalled':
        return [this.#teacher.recalled(input)];
      case 'backlog':
        this.#intake.isFull = input.isFull;
        return [...this.#perform(), ...this.#learnOn()];
      case 'room':
        this.#acceptor.room = input.bytes;
        this.#replica.room = input.bytes;
        return [];
      case 'checkpoint':
        return this.#decidedMark();
      case 'flushed':
        this.#acceptor.forget(input.slotOut);
        this.#replica.forget(input.slotOut);
        this.#leader.flushed(input.slotOut);
        return this.#collect(input.slotOut);
      case 'survey':
        return this.#ask([this.#learner.survey(input.survey)]);
      case 'gone':
        return this.#leader.gone(input.member, this.#mayLead);
      case 'resign':
        return this.#leader.resign();
      case 'hand-over':
        return this.#leader.handOver(input.to);
      case 'reconfigure':
        return this.#request([encodeChange({ ...input.change, machine: this.#changes.machine })]);
      case 'compare':
        return this.#request([encodeSystemCommand({ type: 'compare' })]);
      case 'expire':
      case 'quota':
        return this.#request([encodeSystemCommand(input)]);
      case 'testimony':
        return this.#testimony(OUTSIDE, input.testimony);
      case 'dispute':
        this.#isDisputed = input.isOpen;
        return input.isOpen ? this.#leader.resign() : [];
      default:
        return input satisfies never;
    }
  }

  /** What is below the floor, and in the own state on disk, may go from the log. */
  #collect(flushed: Slot): Effect[] {
    const floor = Math.min(flushed, this.#leader.collectable);
    return floor === 0 ? [] : [{ type: 'collect', floor }];
  }

  /** Who speaks is looked at first: it may be a run of a member that is over, or one of two. */
  #receive({ from, message, end }: Input & { type: 'message' }): Effect[] {
    if (end === undefined) return this.#deliver(from, message);
    if (from === this.self) return this.#ofOwnId(end);
    if (this.configurations.members.includes(from)) {
      const disowned = this.#runs.disowned(from, end);
      if (disowned !== undefined) return disowned;
    } else if (messageTable[message.type].isCounted) {
      return [{ type: 'dropped', from, why: 'unknown-member' }];
    }
    if (!isPlausible(message, this.#known)) return [{ type: 'dropped', from, why: 'implausible' }];
    if (message.type === 'question') return [this.#runs.testify(from, end.incarnation)];
    return this.#deliver(from, message);
  }

  #ofOwnId(end: LogEnd): Effect[] {
    const expulsion = this.#runs.ofOwnId(end);
    if (expulsion !== undefined) return this.#expel(expulsion);
    return [{ type: 'dropped', from: this.self, why: 'outlived' }];
  }

  get #known(): Known {
    const round = Math.max(this.#acceptor.ballot?.round ?? 0, this.#leader.highest?.round ?? 0);
    const { window } = this.configurations;
    // R5: a leader proposes less than WINDOW slots ahead of what it has applied; others hear of
    // that with its next heartbeat.
    const known = Math.max(this.slotOut, this.target, this.#replica.decidedEnd);
    return { round, slotsBelow: known + 2 * window };
  }

  /**
   * For good. It speaks a last time, so that others know how far its
   * log went: whoever goes on under its id has to have that.
   */
  #expel(expulsion: Expulsion): Effect[] {
    this.#isExpelled = true;
    const last = send(this.#others, { type: 'question' });
    return [...this.#leader.resign(), last, { type: 'expelled', expulsion }];
  }

  get #others(): MemberId[] {
    return this.configurations.members.filter((member) => member !== this.self);
  }

  #testimony(by: MemberId, testimony: Testimony): Effect[] {
    const expulsion = this.#runs.testified(by, testimony);
    if (expulsion !== undefined) return this.#expel(expulsion);
    this.#admit();
    return [];
  }

  #admit(): void {
    this.#runs.admitWhenOver(this.configurations.votersFrom(this.slotOut));
  }

  #deliver(from: MemberId, message: CoreMessage): Effect[] {
    if (!this.mayVote && !messageTable[message.type].isTakenEarly) return [];
    switch (message.type) {
      case 'p1a':
        return this.#acceptor.handle(from, message);
      case 'p2a':
        return this.#p2a(from, message);
      case 'probe':
        return [...this.#acceptor.handle(from, message), ...this.#leader.announce()];
      case 'probed':
        this.#reader.probed(from, message);
        return this.#read();
      case 'p1b':
        return this.#lead(() => this.#leader.p1b(from, message));
      case 'p2b':
        return this.#leader.p2b(from, message);
      case 'propose':
        return this.#leader.propose(from, message);
      case 'forgotten':
        this.#learner.heard(message.below, from);
        return [];
      case 'heartbeat':
        return this.#heartbeat(from, message);
      case 'question':
        return []; // Nobody asks itself.
      case 'testimony':
        return this.#testimony(from, message);
      case 'alive':
        return this.#leader.alive(from, message);
      case 'canvass':
        return this.#leader.canvass(from, message);
      case 'canvassed':
        this.#learner.heard(message.slotOut, from);
        return this.#leader.canvassed(from, message);
      case 'hand-over':
        return this.#mayLead ? this.#leader.handedOver(message) : [];
      case 'decision':
        return [...this.#intake.decision(from, message), ...this.#perform()];
      case 'learn':
        this.#learner.heard(message.from, from);
        return [this.#teacher.answer(from, message)];
      case 'learned':
        return this.#learnedFrom(from, message);
      default:
        return message satisfies never;
    }
  }

  #heartbeat(from: MemberId, message: Heartbeat): Effect[] {
    this.#learner.heard(message.slotOut, from);
    const expulsion = this.#told(from, message);
    if (expulsion !== undefined) return this.#expel(expulsion);
    const effects = this.#leader.heartbeat(from, message);
    // Who may not vote yet is not heard by the leader: it may be waiting for just that vote.
    return this.mayVote ? effects : effects.filter(({ type }) => type !== 'send');
  }

  /**
   * What a leader passes on of the members' runs: a stranger is no witness. But who was not
   * admitted, and knows only members that were replaced meanwhile, hears of later runs of its own
   * from nobody else; and those who know of them tell it nothing.
   */
  #told(from: MemberId, { ends = {} }: Heartbeat): Expulsion | undefined {
    const { members } = this.configurations;
    const isMember = members.includes(from);
    if (!isMember && this.#runs.isAdmitted) return undefined;
    const about = isMember ? members : [this.self];
    const heeded = Object.entries(ends).filter(([id]) => about.includes(id));
    return this.#runs.told(from, Object.fromEntries(heeded));
  }

  #tick(random: number, write?: number): Effect[] {
    const { unapplied } = this.#replica;
    const question = this.#runs.tick(random, this.#others);
    this.#admit();
    return [
      ...question,
      // What was decided before a restart, also when nobody else is there to speak of it.
      ...this.#perform(),
      ...this.#leader.tick(random, unapplied, this.#mayLead, write),
      ...this.#upgrade(),
      ...this.#propose(this.#replica.tick(random)),
      ...this.#reader.tick(random, this.#ruling),
      ...this.#fill(random),
      ...this.#read(),
      ...this.#ask(this.#learner.tick(random, this.#behind, this.slotOut)),
      ...this.#surveyed(),
    ];
  }

  /** Whoever leads proposes a version of the machine that all voters have. */
  #upgrade(): Effect[] {
    const { contact, isInformed } = this.#leader;
    if (!this.#regime.hasOneLeader || contact === undefined || !isInformed) return [];
    const { configurations, slotOut, version } = this.#replica;
    const newestOf = (voter: MemberId): number => contact.machine(voter);
    const upgrade = this.#upgrades.due(version, slotOut, configurations, newestOf);
    if (upgrade === undefined) return [];
    return this.#request([encodeSystemCommand({ type: 'machine', ...upgrade })]);
  }

  /** A leader that may now propose farther gets the outstanding proposals of its replica. */
  #lead(step: () => Effect[]): Effect[] {
    const before = this.#leader.reach;
    const effects = step();
    if (this.#leader.reach <= before) return effects;
    return [...effects, ...this.#propose(this.#replica.outstanding())];
  }

  /** Commands of a client, or of the cluster itself. They wait only where they may be proposed. */
  #request(commands: readonly Command[]): Effect[] {
    if (!this.takesCommands) return [];
    this.#replica.request(commands, !this.#leader.takesProposals);
    return this.#proposeWaiting();
  }

  #proposeWaiting(): Effect[] {
    const mayPropose = this.#leader.takesProposals && !this.#intake.isFull;
    return mayPropose ? this.#propose(this.#replica.propose()) : [];
  }

  /** The replica hands its proposals to its own leader (PMMC 4.4). */
  #propose(proposals: readonly Propose[]): Effect[] {
    return proposals.flatMap((proposal) => this.#leader.propose(this.self, proposal));
  }

  /** The configuration that rules the next slot. */
  get #ruling(): Configuration {
    return this.configurations.at(this.slotOut);
  }

  /** Nobody is served from a history that is disputed: reads wait until that is over. */
  #read(): Effect[] {
    if (!this.mayVote) return [];
    return this.#reader.proceed(this.slotOut, this.#ruling);
  }

  /** What reads wait for is proposed, when nobody else does. */
  #fill(random: number): Effect[] {
    const slot = this.#reader.stuckOn(random, this.slotOut);
    if (slot === undefined) return [];
    if (!this.#regime.hasOneLeader) return this.#propose(this.#replica.fill(slot));
    const last = Math.min(slot, this.slotOut + this.configurations.window - 1);
    const { known } = this.#leader;
    return known === undefined
      ? []
      : [send([known], { type: 'propose', slot: last, value: NO_OP })];
  }

  #p2a(from: MemberId, message: P2a): Effect[] {
    const effects = this.#intake.p2a(from, message);
    return message.decided.length === 0 ? effects : [...effects, ...this.#perform()];
  }

  /**
   * Applies what can be applied, lets the leader know, and proposes what now fits the window. What
   * is applied is in memory until the state is written, and the own log may have more at start than
   * memory should: so nothing is while too much waits for the disk.
   */
  #perform(): Effect[] {
    const before = this.configurations;
    const applied = this.#intake.isFull ? [] : this.#replica.perform();
    const mark = this.#regime.marksEachAnswer ? this.#decidedMark() : [];
    const effects = [...mark, ...applied];
    const { configurations, unapplied } = this.#replica;
    effects.push(...this.#leader.advance(this.slotOut, configurations, unapplied));
    if (configurations !== before) {
      this.#learner.peers = this.#others;
    }
    effects.push(...this.#proposeWaiting(), ...this.#read());
    if (applied.length > 0 && this.#replica.hasMore) effects.push({ type: 'unfinished' });
    return effects;
  }

  #decidedMark(): Effect[] {
    if (this.slotOut <= this.#mark) return [];
    this.#mark = this.slotOut;
    return [{ type: 'persist', record: { type: 'decided-mark', slot: this.slotOut } }];
  }

  /** Who takes nothing new would lead to nothing: others, whose disks keep up, lead. */
  get #mayLead(): boolean {
    return this.mayVote && !this.#intake.isFull;
  }

  /** It lacks what is decided, and has a use for it. */
  get #behind(): boolean {
    return !this.#intake.isFull && this.#replica.behind(this.target);
  }

  #learnOn(): Effect[] {
    return this.#behind ? this.#ask(this.#learner.goOn()) : [];
  }

  #ask(questions: readonly Question[]): Effect[] {
    const ballot = this.#replica.valuelessBallot;
    return questions.map(({ to, survey }) => ({
      type: 'send',
      to,
      message: {
        type: 'learn',
        from: this.slotOut,
        ...(ballot === undefined ? {} : { ballot }),
        ...(survey === undefined ? {} : { survey }),
      },
    }));
  }

  #learnedFrom(from: MemberId, { slotOut, decisions, survey, floor = 0 }: Learned): Effect[] {
    this.#learner.heard(slotOut, from);
    if (floor > this.slotOut) return this.#tooFarBehind(from);
    const before = this.slotOut;
    const effects = [...this.#intake.learned(from, decisions), ...this.#perform()];
    const progress = this.slotOut > before;
    const questions = this.#learner.answered(from, survey, progress, this.#behind);
    return [...effects, ...this.#ask(questions), ...this.#surveyed()];
  }

  /** `from` has no log for this member, but a state. */
  #tooFarBehind(from: MemberId): Effect[] {
    const giver = this.#learner.giver(from, this.#leader.known);
    if (giver !== undefined) return [{ type: 'fetch-state', from: giver }];
    return this.#ask([this.#learner.othersThan(from)]);
  }

  #surveyed(): Effect[] {
    const ended = this.#learner.ended(this.slotOut);
    return ended.map((survey) => ({ type: 'surveyed', survey }));
  }
}
