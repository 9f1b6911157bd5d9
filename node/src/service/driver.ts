import type { ReadRequest } from '../../../contract/src/read-request.ts';
import type { Alarm } from '../../../contract/src/alarms.ts';
import { MAX_TTL_MS } from '../../../contract/src/command.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import type { IncomingState } from '../../../contract/src/status.ts';
import type { AppliedCommand } from '../machine/applier.ts';
import type { SilentSession } from '../machine/sessions.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Effect, LogRecord } from '../paxos/effects.ts';
import type { Input } from '../paxos/input.ts';
import type { Member } from '../paxos/member.ts';
import { isOfCore, messageTable } from '../paxos/message-table.ts';
import type { CoreMessage, Message, StateMessage, TableDigest } from '../paxos/messages.ts';
import { valueBytes, type Slot, type Value } from '../paxos/pvalue.ts';
import type { OwnFacts } from '../storage/facts.ts';
import { machineErrorOf } from '../storage/machine-error.ts';
import { messageBytes } from '../transport/message-bytes.ts';
import { roomIn, type Stamp } from '../transport/transport.ts';
import { AppliedFacts } from './applied-facts.ts';
import { Backlog } from './backlog.ts';
import { Barrier } from './barrier.ts';
import { Checkpoints } from './checkpoints.ts';
import { ClientRequests, type Sessionless } from './client-requests.ts';
import { Comparisons } from './comparisons.ts';
import { DiskWatch } from './disk-watch.ts';
import type { DriverEvents, DriverPorts, DriverSettings } from './driver-ports.ts';
import { errorOf } from './expulsion.ts';
import { Expiries } from './expiries.ts';
import { Hearing } from './hearing.ts';
import { Inbox } from './inbox.ts';
import { Outbox } from './outbox.ts';
import { Reach } from './reach.ts';
import { Reads } from './reads.ts';
import { Recalls } from './recalls.ts';
import { Retention } from './retention.ts';
import { Scrubber } from './scrubber.ts';
import { Progress } from './progress.ts';
import { Quota } from './quota.ts';
import { SlowDisk } from './slow-disk.ts';
import { mayBeAccepted } from './soundness.ts';
import { StateTransfer } from './state-transfer.ts';

/** Changes what a member does and may end it, for crash points: see crash-points.ts. */
export type EffectFilter = (effects: Effect[]) => { effects: Effect[]; crash: boolean };

/**
 * What one turn does, at most: more waits for the next one, and sockets and timers come in between.
 * Bytes are those of values that are written, sent or applied.
 */
const TURN_BYTES = 256 * 1024;
/** Of answers to others that wait for the disk, at most; and what each takes beside its values. */
const HELD_BYTES = 16 * 1024 * 1024;
const HELD_EACH = 512;
/** What leaves at a time. */
const OUTBOX_BYTES = 1024 * 1024;

/**
 * Drives a member: drains its inbox, steps every input, writes all their records in one batch, and
 * goes on stepping while that batch is being flushed.
 */
export class Driver {
  readonly #ports: DriverPorts;
  readonly #settings: DriverSettings;
  readonly #events: DriverEvents;
  readonly #facts: AppliedFacts;
  readonly #barrier: Barrier;
  readonly #backlog: Backlog;
  readonly #outbox: Outbox;
  readonly #disk: DiskWatch;
  readonly #slowDisk: SlowDisk;
  readonly #hearing: Hearing;
  readonly #reach: Reach;
  readonly #progress: Progress;
  readonly #requests: ClientRequests;
  readonly #reads: Reads;
  readonly #checkpoints: Checkpoints;
  readonly #comparisons: Comparisons;
  readonly #expiries: Expiries;
  readonly #quota: Quota;
  readonly #transfer: StateTransfer;
  readonly #recalls: Recalls;
  readonly #retention: Retention;
  readonly #scrubber: Scrubber;
  readonly #inbox = new Inbox();
  #filter: EffectFilter | undefined;
  /** Bytes of values that this turn has written, sent and applied. */
  #turnBytes = 0;
  /** More is decided than is applied. */
  #isUnfinished = false;
  #scheduled = false;
  #stopped = false;
  #failed = false;
  /** What a message had room for when that was looked at last. */
  #measured = Infinity;

  constructor(ports: DriverPorts, settings: DriverSettings, events: DriverEvents) {
    this.#ports = ports;
    this.#settings = settings;
    this.#events = events;
    const failed = (error: unknown): void => this.fail(error);
    this.#facts = new AppliedFacts(ports.state.facts, () => this.#own);
    this.#barrier = new Barrier(ports.log, failed);
    this.#backlog = new Backlog(settings, () => this.unwrittenBytes);
    this.#disk = new DiskWatch(this.#barrier, settings.stallTicks);
    this.#slowDisk = new SlowDisk(settings.stallTicks);
    this.#hearing = new Hearing(settings.unheardTicks);
    this.#reach = this.#reaching();
    this.#progress = new Progress(ports.member.self, settings.alarmTicks);
    this.#requests = new ClientRequests(ports, settings, {
      isStopped: () => this.#stopped,
      isFull: () => this.#backlog.isFull,
      room: () => this.#room,
      queued: () => this.#wake(),
      failed,
    });
    this.#reads = new Reads(ports, ports.member.slotOut, settings, {
      isStopped: () => this.#stopped,
      came: () => this.#wake(),
      failed,
    });
    this.#checkpoints = new Checkpoints(ports, settings, this.#barrier, {
      perform: (effects) => this.#perform(effects),
      facts: () => this.#facts.cut(),
      flushed: (slotOut) => this.#flushed(slotOut),
      release: () => this.#release(),
      failed,
    });
    const { member, transport, metrics } = ports;
    const members = (): readonly MemberId[] => member.configurations.members;
    this.#outbox = new Outbox(transport, member.self, members, (to) => {
      events.dropped('too-many', to);
    });
    this.#comparisons = this.#comparing();
    this.#transfer = this.#transferring();
    this.#expiries = this.#expiring();
    this.#quota = this.#limiting();
    this.#recalls = new Recalls({
      log: ports.log,
      isMember: (asker) => members().includes(asker),
      bytes: () => Math.min(settings.chunkBytes, this.#room),
      recalled: (input) => this.input(input),
      failed,
    });
    this.#retention = new Retention({
      log: ports.log,
      barrier: this.#barrier,
      neededFrom: () => this.#transfer.neededFrom,
      collected: (floor) => events.collected(floor),
      failed,
    });
    const { scrubTicks, scrubRestTicks } = settings;
    this.#scrubber = new Scrubber(() => ports.state.scrub(), scrubTicks, scrubRestTicks);
    transport.onMessage((from, message, stamp) => {
      metrics.received.add(message.type);
      this.#hearing.heard(from);
      this.#reach.heard(from);
      this.#progress.heard(from);
      if (!this.#stopped) this.#guard(() => this.#hear(from, message, stamp));
    });
    transport.onGone((gone) => this.input({ type: 'gone', member: gone }));
  }

  #comparing(): Comparisons {
    const { member, state } = this.#ports;
    const ports = {
      self: member.self,
      votersAt: (slot: Slot) => member.configurations.at(slot).voters,
      slotOut: () => member.slotOut,
      isLeading: () => member.leading !== undefined,
      history: () => this.#facts.history,
      historyAt: (slot: Slot) => this.#facts.hashAt(slot) ?? state.historyAt(slot),
      say: (to: MemberId | undefined, message: StateMessage) => {
        this.#say(to === undefined ? this.#others : [to], message);
      },
      cutAt: (slot: Slot, cut: (tables: TableDigest[]) => void) => {
        this.#checkpoints.cutAt(slot, () => {
          cut(state.facts.digests.entries().map(([table, digest]) => ({ table, ...digest })));
        });
      },
      disputed: (isOpen: boolean) => this.input({ type: 'dispute', isOpen }),
      compare: () => this.input({ type: 'compare' }),
      failed: (error: Error) => this.fail(error),
    };
    return new Comparisons(ports, this.#settings.compareTicks);
  }

  #reaching(): Reach {
    const { self } = this.member;
    const voters = (): readonly MemberId[] => this.member.configurations.newest.voters;
    const learners = (): readonly MemberId[] => this.member.configurations.newest.learners;
    const say = (to: MemberId, message: StateMessage): void => this.#say([to], message);
    return new Reach({ self, voters, learners, say }, this.#settings.unreachedTicks);
  }

  #expiring(): Expiries {
    const { member, applier } = this.#ports;
    const ports = {
      slotOut: () => member.slotOut,
      behind: (client: string | undefined, limit: number) => applier.sessions.behind(client, limit),
      expire: (sessions: readonly SilentSession[]) => this.input({ type: 'expire', sessions }),
    };
    return new Expiries(ports, this.#settings.tickMs, MAX_TTL_MS);
  }

  #limiting(): Quota {
    const { applier, state, quotaBytes } = this.#ports;
    const ports = {
      bytes: quotaBytes,
      usedBytes: () => state.usedBytes,
      isReached: () => applier.isReadOnly,
      isRule: () => applier.hasBounds,
      decide: (isReached: boolean) => this.input({ type: 'quota', isReached }),
    };
    return new Quota(ports, this.#settings.tickMs);
  }

  #transferring(): StateTransfer {
    const { member, state, applier, random } = this.#ports;
    const ports = {
      state,
      machine: applier.machine,
      slotOut: () => member.slotOut,
      own: () => this.#own,
      isMember: (from: MemberId) => member.configurations.members.includes(from),
      say: (to: MemberId, message: StateMessage) => this.#say([to], message),
      random,
      halt: (idle: () => void) => {
        this.#stop();
        this.#checkpoints.whenIdle(idle);
        this.#release();
      },
      refused: (from: MemberId) => this.#events.dropped('another-machine', from),
      restored: (slotOut: Slot) => this.#events.restored(slotOut),
      failed: (error: Error) => this.fail(error),
    };
    const { chunkBytes } = this.#settings;
    return new StateTransfer(ports, () => Math.min(chunkBytes, this.#room));
  }

  #hear(from: MemberId, message: Message, { end, history }: Stamp): void {
    const { self, configurations } = this.member;
    const isKnown = from !== self && configurations.members.includes(from);
    if (history !== undefined && isKnown) this.#comparisons.heard(from, history);
    if (isOfCore(message)) {
      if (!mayBeAccepted(message)) return this.#events.dropped('unsound', from);
      const bytes = messageBytes(message);
      // A message that is not heard is as lost, and the protocol sends it again.
      if (!this.#inbox.hasRoom(bytes)) return this.#events.dropped('too-many', from);
      return this.#take({ type: 'message', from, message, end }, bytes);
    }
    // A member that lacks the newest configurations may not know who calls it, and has to answer.
    const isCall = message.type === 'reach' && message.step === 'call' && from !== self;
    if (messageTable[message.type].isCounted && !isKnown && !isCall) {
      return this.#events.dropped('unknown-member', from);
    }
    switch (message.type) {
      case 'fetch':
      case 'chunk':
        return this.#transfer.heard(from, message);
      case 'history':
      case 'digests':
        return this.#comparisons.told(from, message);
      case 'reach':
        return this.#reach.told(from, message);
      default:
        return message satisfies never;
    }
  }

  /** Beside the core, to other members. */
  #say(to: readonly MemberId[], message: StateMessage): void {
    this.#ports.metrics.sent.add(message.type);
    this.#outbox.add(to, message);
    this.#wake();
  }

  get #others(): MemberId[] {
    const { self, configurations } = this.member;
    return configurations.members.filter((member) => member !== self);
  }

  /** What every frame says of this member. */
  get stamp(): Stamp {
    const { history } = this.#facts;
    const { incarnation, log } = this.#ports;
    return { end: { incarnation, sequence: log.end }, ...(history && { history }) };
  }

  get #own(): Pick<OwnFacts, 'logEnd' | 'heard'> {
    return { logEnd: this.#ports.log.end, heard: this.member.heard };
  }

  get member(): Member {
    return this.#ports.member;
  }

  /** What a message has room for, as the network is now. */
  get #room(): number {
    return roomIn(this.#ports.transport.maxFrameBytes);
  }

  /** Bytes of commands that wait for a slot. */
  get queueBytes(): number {
    return this.#requests.bytes;
  }

  /** Bytes of the log and the state that are in memory alone: they wait for the disk. */
  get unwrittenBytes(): number {
    const { state, applier } = this.#ports;
    return this.#barrier.bytes + state.unwrittenBytes + applier.unsavedBytes;
  }

  /** Whom this member has not heard for long, while it leads. */
  get unheard(): MemberId[] {
    return this.#hearing.unheard;
  }

  /** Another member's state that is on its way here; `undefined` while none is. */
  get incoming(): IncomingState | undefined {
    return this.#transfer.incoming;
  }

  /** What a person should look at. */
  get alarms(): Alarm[] {
    const { alarms } = this.#comparisons;
    return [...alarms, ...this.#progress.alarms, ...this.#slowDisk.alarms, ...this.#quota.alarms];
  }

  /** Why this member cannot serve, though nothing is wrong with itself. */
  get outage(): Alarm | undefined {
    return this.#progress.outage;
  }

  /** Puts a filter around the effects of every further step. */
  set filter(filter: EffectFilter) {
    this.#filter = filter;
  }

  /** Hands in what happened; it is stepped soon. */
  input(input: Input): void {
    this.#take(input, 0);
  }

  /** @param bytes that it counts for in the inbox */
  #take(input: Input, bytes: number): void {
    if (this.#stopped) return;
    this.#inbox.add(input, bytes);
    this.#wake();
  }

  /** One tick passed. */
  tick(): void {
    const isStalled = this.#disk.tick();
    const { writeTicks: write } = this.#disk;
    this.input({ type: 'tick', random: this.#ports.random(), write });
    this.#checkpoints.tick();
    const { leading, self, configurations } = this.member;
    if (isStalled) this.#handOverTo(this.member.quickerThan(this.#disk.ticks));
    if (this.#backlog.tick()) this.#handOverTo(this.member.fitter);
    const { voters, learners } = configurations.newest;
    const others = [...voters, ...learners].filter((member) => member !== self);
    this.#hearing.tick(leading === undefined ? [] : others);
    this.#handOverTo(this.#reach.tick(leading !== undefined));
    this.#progress.tick(this.member);
    this.#slowDisk.tick({ isLogStalled: this.#disk.isStalled, cut: this.#checkpoints.writing });
    this.#transfer.tick();
    this.#requests.tick();
    this.#reads.tick();
    this.#unlessStopped(() => this.#comparisons.tick());
    this.#unlessStopped(() => this.#maintain());
    this.#unlessStopped(() => this.#scrubber.tick());
  }

  /** Where all are as slow as this member, it leads on. */
  #handOverTo(to: MemberId | undefined): void {
    if (to !== undefined) this.input({ type: 'hand-over', to });
  }

  #unlessStopped(run: () => void): void {
    if (!this.#stopped) this.#guard(run);
  }

  /** What a leader has the log say now and then. */
  #maintain(): void {
    const { takesCommands, leading } = this.member;
    const ballot = takesCommands ? leading : undefined;
    this.#expiries.tick(ballot);
    this.#quota.tick(ballot);
  }

  /**
   * Takes the command of a client.
   * @param bytes see contract/src/command.ts
   * @param answer called once: with the results when it is decided and applied, or with a refusal
   * @param sessionless refused where commands may come late: only a session tells that they ran
   */
  submit(
    bytes: Uint8Array,
    answer: (outcome: Outcome) => void,
    sessionless: Sessionless = 'taken',
  ): void {
    this.#requests.submit(bytes, answer, sessionless);
  }

  /** Takes a read. @param answer called once: with what is read, or with a refusal */
  read(request: ReadRequest, answer: (outcome: Outcome) => void): void {
    this.#reads.submit(request, answer);
  }

  /** Whether it makes sense to send reads here. */
  get servesReads(): boolean {
    const { mayVote, self, configurations } = this.member;
    return mayVote && configurations.members.includes(self) && this.#reads.areServed;
  }

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.schedule(() => {
      this.#scheduled = false;
      this.#drain();
    });
  }

  /** Steps a turn's share of the inbox; the requests of clients come last, a slot at a time. */
  #drain(): void {
    if (this.#stopped) return;
    this.#guard(() => {
      this.#measure();
      this.#weigh();
      this.#turnBytes = 0;
      const isOver = (): boolean => this.#stopped || this.#turnBytes > TURN_BYTES;
      this.#inbox.drain((input) => this.#step(input), isOver);
      if (this.#isStopped()) return;
      while (this.#requests.isDue && this.#turnBytes <= TURN_BYTES) {
        this.#perform(this.member.step({ type: 'request', commands: this.#requests.take() }));
        if (this.#isStopped()) return;
      }
      const read = this.#reads.take();
      if (read !== undefined) this.#perform(this.member.step({ type: 'read', read }));
      if (this.#isUnfinished && this.#turnBytes <= TURN_BYTES) {
        this.#isUnfinished = false;
        this.#perform(this.member.step({ type: 'perform' }));
      }
      this.#checkpoints.cutWhenDue();
      this.#release();
      if (!this.#inbox.isEmpty || this.#isUnfinished || this.#requests.isDue) this.#wake();
    });
  }

  #step(input: Input): void {
    this.#perform(this.member.step(input));
    if (input.type === 'recalled') this.#recalls.stepped(input.asker);
  }

  /** The network may take larger or smaller messages than before. */
  #measure(): void {
    const bytes = this.#room;
    if (bytes === this.#measured) return;
    this.#measured = bytes;
    this.#perform(this.member.step({ type: 'room', bytes }));
  }

  /** The disk may have fallen behind, or caught up. */
  #weigh(): void {
    if (!this.#backlog.weigh()) return;
    const { isFull } = this.#backlog;
    this.#perform(this.member.step({ type: 'backlog', isFull }));
  }

  /** A broken invariant, or damage that is found: nothing goes on. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (this.#failed) throw error; // Of whoever was told of a failure: nobody would hear of it.
      this.fail(error);
    }
  }

  /** What leaves goes out first: a p2a is on its way while its own record is being written. */
  #release(): void {
    if (this.#failed) return; // What it would write may be another run's by now.
    this.#outbox.send(OUTBOX_BYTES);
    if (!this.#outbox.isEmpty) this.#wake();
    const begin = this.#ports.now();
    this.#barrier.flush(() => {
      this.#ports.metrics.histograms.logSyncSeconds.observe((this.#ports.now() - begin) / 1000);
      this.#release();
    });
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  #perform(effects: Effect[]): void {
    if (this.#filter === undefined) return this.#performAll(effects);
    const filtered = this.#filter(effects);
    this.#performAll(filtered.effects);
    if (!filtered.crash) return;
    this.#stopped = true;
    this.#barrier.hold(() => {
      this.#outbox.send(Infinity);
      this.#events.crashed();
    });
    this.#release();
  }

  #performAll(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'persist':
          this.#persist(effect.record);
          break;
        case 'send':
          this.#send(effect);
          break;
        case 'ask-presence':
          this.#ports.transport.askPresence(effect.of);
          break;
        case 'ask-outside':
          this.#ports.witness?.ask();
          break;
        case 'apply':
          this.#apply(effect.slot, effect.value);
          break;
        case 'readable':
          this.#reads.readable(effect.read);
          break;
        case 'unfinished':
          this.#isUnfinished = true;
          this.#wake();
          break;
        case 'refused':
          this.#requests.refuse(effect.commands);
          break;
        case 'reconfigured':
          if (effect.stored !== undefined) this.#facts.reconfigured(effect.stored);
          this.#events.reconfigured(effect.change, effect.stored !== undefined);
          break;
        case 'compare':
          this.#comparisons.compare(effect.slot);
          break;
        case 'expire':
          this.#expiries.applied();
          this.#ports.metrics.counts.sessionsExpired += this.#ports.applier.expire(effect.sessions);
          break;
        case 'quota':
          this.#limit(effect.isReached);
          break;
        case 'machine':
          this.#upgrade(effect.version);
          break;
        case 'recall':
          this.#recalls.begin(effect);
          break;
        case 'collect':
          this.#retention.collect(effect.floor);
          break;
        case 'fetch-state':
          this.#transfer.begin(effect.from);
          break;
        case 'leading':
          if (!this.member.takesCommands) this.#requests.drop();
          this.#events.leading(effect.ballot);
          break;
        case 'dropped':
          this.#events.dropped(effect.why, effect.from);
          break;
        case 'expelled':
          this.#outbox.send(Infinity); // Its last word.
          this.fail(this.#comparisons.error ?? errorOf(effect.expulsion));
          break;
        case 'surveyed':
          this.#events.surveyed(effect.survey);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #persist(record: LogRecord): void {
    if (record.type === 'leader-ballot') this.#ports.metrics.counts.scouts += 1;
    if ('value' in record) this.#turnBytes += valueBytes(record.value);
    this.#barrier.persist(record);
  }

  #send(effect: Effect & { type: 'send' }): void {
    const { to, message } = effect;
    const bytes = messageBytes(message);
    this.#ports.metrics.sent.add(message.type);
    this.#turnBytes += bytes;
    if (!messageTable[message.type].isHeld) return this.#outbox.add(to, message);
    this.#hold(to, message, bytes + HELD_EACH);
  }

  /** A p1b or p2b leaves only when every acceptor record queued before it is flushed. */
  #hold(to: readonly MemberId[], message: CoreMessage, bytes: number): void {
    const { self } = this.member;
    const isOwn = to.includes(self);
    let others = to.filter((member) => member !== self);
    // It is asked for again. What a member says to itself is little, and nobody asks for that.
    if (others.length > 0 && this.#barrier.heldBytes + bytes > HELD_BYTES) {
      this.#events.dropped('too-many', others[0] ?? '');
      if (!isOwn) return;
      others = [];
    }
    this.#barrier.hold(() => {
      if (others.length > 0) this.#outbox.add(others, message);
      if (isOwn) this.input({ type: 'message', from: self, message });
    }, bytes);
  }

  #apply(slot: Slot, value: Value): void {
    const applied = this.#ports.applier.apply(slot, value);
    this.#facts.applied(slot, value);
    this.#comparisons.applied();
    this.#reads.applied(slot + 1);
    this.#count(value, applied);
    const speak = (): void => {
      this.#requests.answer(applied);
      this.#events.applied(slot, applied);
    };
    if (this.#settings.answersWaitForMark) this.#barrier.hold(speak);
    else speak();
  }

  /** The core applies no further slot when this member has not that version. */
  #upgrade(version: number): void {
    const { applier } = this.#ports;
    const machine = { name: applier.machine.name, version };
    const error = machineErrorOf(machine, applier.machine);
    if (error !== undefined) return this.fail(error);
    applier.version = version;
    this.#facts.upgraded(machine);
    this.#events.upgraded(machine);
  }

  /** From the next slot on. */
  #limit(isReached: boolean): void {
    this.#quota.applied();
    this.#ports.applier.isReadOnly = isReached;
    this.#facts.quotaReached(isReached);
    this.#events.quotaReached(isReached);
  }

  #count(value: Value, applied: readonly AppliedCommand[]): void {
    const { counts, histograms } = this.#ports.metrics;
    const bytes = valueBytes(value);
    this.#turnBytes += bytes;
    counts.decisions += 1;
    counts.commands += applied.length;
    counts.operations = this.#ports.applier.operationsApplied;
    for (const { duplicate } of applied) if (duplicate) counts.duplicates += 1;
    histograms.batchCommands.observe(value.length);
    histograms.batchBytes.observe(bytes);
  }

  /** The log says so, too: an older state that is found later is damage. */
  #flushed(slotOut: Slot): void {
    this.#barrier.persist({ type: 'flushed', slot: slotOut });
    this.input({ type: 'flushed', slotOut });
  }

  /**
   * Something that its member leans on is damaged, or failed: it does nothing more. Also after it
   * has stopped: what was still being written did not reach the disk.
   */
  fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#stop();
    this.#events.failed(error instanceof Error ? error : new Error(String(error)));
  }

  /** Takes no more inputs. */
  #stop(): void {
    this.#stopped = true;
    this.#transfer.stop();
    this.#reads.stop();
  }

  /** Writes the state as it is and stops; what is unanswered is left to the clients' retries. */
  stop(done: () => void): void {
    if (this.#stopped) return done();
    this.#transfer.stop();
    this.#checkpoints.whenIdle(() => {
      this.#checkpoints.cutRest();
      this.#checkpoints.whenIdle(() => {
        this.#stopped = true;
        this.#reads.stop();
        this.#outbox.send(Infinity);
        this.#guard(() => this.#ports.log.seal());
        done();
      });
      this.#release();
    });
  }
}
