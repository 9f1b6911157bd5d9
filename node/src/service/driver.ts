import { FIRST_VERSION, type MachineVersion } from '../../../contract/src/machine-version.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import type { IncomingState } from '../../../contract/src/status.ts';
import type { AppliedCommand } from '../machine/applier.ts';
import type { StateMachine } from '../machine/state-machine.ts';
import type { MemberId } from '../paxos/ballot.ts';
import { waitsForFlush, type Effect } from '../paxos/effects.ts';
import type { Input } from '../paxos/input.ts';
import type { Member } from '../paxos/member.ts';
import { isOfCore, type Message, type StateMessage } from '../paxos/messages.ts';
import { valueBytes, type Slot, type Value } from '../paxos/pvalue.ts';
import { DamageError } from '../storage/damage.ts';
import type { OwnFacts, SharedFacts } from '../storage/facts.ts';
import { machineErrorOf } from '../storage/machine-error.ts';
import { STATE_FILE } from '../storage/state-files.ts';
import type { Staging } from '../storage/state.ts';
import type { Stamp } from '../transport/transport.ts';
import { AppliedFacts } from './applied-facts.ts';
import { Barrier } from './barrier.ts';
import { Checkpoints } from './checkpoints.ts';
import { ClientRequests } from './client-requests.ts';
import { DiskWatch } from './disk-watch.ts';
import type { DriverEvents, DriverPorts, DriverSettings } from './driver-ports.ts';
import { errorOf } from './expulsion.ts';
import { historyError, splitError } from './halt-error.ts';
import { Hearing } from './hearing.ts';
import { Histories } from './histories.ts';
import { Outbox } from './outbox.ts';
import { mayBeAccepted } from './soundness.ts';
import { StateComparison } from './state-comparison.ts';
import { StateReceiver } from './state-receiver.ts';
import { StateSender } from './state-sender.ts';

/** Changes what a member does and may end it, for crash points: see crash-points.ts. */
export type EffectFilter = (effects: Effect[]) => { effects: Effect[]; crash: boolean };

const RECALL_BYTES = 256 * 1024;

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
  readonly #outbox: Outbox;
  readonly #disk: DiskWatch;
  readonly #hearing: Hearing;
  readonly #requests: ClientRequests;
  readonly #checkpoints: Checkpoints;
  readonly #histories: Histories;
  readonly #comparison: StateComparison;
  readonly #sender: StateSender;
  readonly #receiver: StateReceiver;
  #filter: EffectFilter | undefined;
  #inbox: Input[] = [];
  #scheduled = false;
  #stopped = false;
  #failed = false;
  /** The log has nothing below it, or is about to let go of it. */
  #collected: Slot;
  #ticksToScrub: number;
  #ticksToCompare: number;
  /** Nothing was applied since the last comparison. */
  #isCompared = true;
  #isDisputed = false;

  constructor(ports: DriverPorts, settings: DriverSettings, events: DriverEvents) {
    this.#ports = ports;
    this.#settings = settings;
    this.#events = events;
    this.#collected = ports.log.first;
    this.#ticksToScrub = settings.scrubTicks;
    this.#ticksToCompare = settings.compareTicks;
    const failed = (error: unknown): void => this.#fail(error);
    this.#facts = new AppliedFacts(ports.state.facts, () => this.#own);
    this.#barrier = new Barrier(ports.log, failed);
    this.#disk = new DiskWatch(this.#barrier, settings.stallTicks);
    this.#hearing = new Hearing(settings.unheardTicks);
    this.#requests = new ClientRequests(ports, settings, {
      isStopped: () => this.#stopped,
      queued: () => this.#wake(),
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
    this.#outbox = new Outbox(transport, member.self, () => member.configurations.members);
    const { state, random } = ports;
    const send = (to: MemberId, message: StateMessage): void => this.#say([to], message);
    this.#histories = new Histories({
      self: member.self,
      own: () => this.#facts.history,
      at: (slot) => this.#facts.hashAt(slot) ?? state.historyAt(slot),
      voters: () => member.configurations.at(member.slotOut).voters,
      say: (to, message) => this.#say(to === undefined ? this.#others : [to], message),
    });
    const votersAt = (slot: Slot): readonly MemberId[] => member.configurations.at(slot).voters;
    this.#comparison = new StateComparison(member.self, votersAt, {
      minority: ({ slot, table }) => {
        const reason = `after slot ${slot}, a majority of the members has another`;
        this.#fail(new DamageError(STATE_FILE, `table ${table}`, reason));
      },
      split: ({ slot, table }) => this.#fail(splitError(slot, table)),
    });
    this.#sender = new StateSender(state, settings.chunkBytes, send, random);
    this.#receiver = new StateReceiver(state, {
      fetch: send,
      isNews: (slot) => slot > member.slotOut,
      mayTake: (from, facts) => this.#mayTake(from, facts),
      received: (facts, staging) => this.#received(facts, staging),
      failed,
    });
    transport.onMessage((from, message, stamp) => {
      metrics.received.add(message.type);
      this.#hearing.heard(from);
      if (!this.#stopped) this.#guard(() => this.#hear(from, message, stamp));
    });
  }

  #hear(from: MemberId, message: Message, { end, history }: Stamp): void {
    if (history !== undefined && from !== this.member.self) this.#histories.heard(from, history);
    if (isOfCore(message)) {
      if (!mayBeAccepted(message)) return this.#events.dropped('unsound', from);
      return this.input({ type: 'message', from, message, end });
    }
    switch (message.type) {
      case 'fetch':
        return this.#sender.fetch(from, message);
      case 'chunk':
        return this.#receiver.chunk(from, message);
      case 'history':
        return this.#histories.told(from, message);
      case 'digests':
        return this.#comparison.heard(from, message.slot, message.tables);
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

  /** Bytes of commands that wait for a slot. */
  get queueBytes(): number {
    return this.#requests.bytes;
  }

  /** The disk has not finished a write for a while. */
  get stalled(): boolean {
    return this.#disk.isStalled;
  }

  /** Whom this member has not heard for long, while it leads. */
  get unheard(): MemberId[] {
    return this.#hearing.unheard;
  }

  /** Another member's state that is on its way here; `undefined` while none is. */
  get incoming(): IncomingState | undefined {
    return this.#receiver.incoming;
  }

  /** What a person should look at, a sentence each. */
  get alarms(): string[] {
    const histories = [...this.#histories.differing].map(([member, slot]) => {
      const rest = this.#isDisputed ? ' Nobody decides until a majority is there.' : '';
      return `What ${member} has as decided below slot ${slot} is not what this member has.${rest}`;
    });
    const states = [...this.#comparison.differing].map(([member, { slot, table }]) => {
      return `After slot ${slot}, ${member} had another table ${table} than a majority has.`;
    });
    return [...histories, ...states];
  }

  /** Puts a filter around the effects of every further step. */
  set filter(filter: EffectFilter) {
    this.#filter = filter;
  }

  /** Hands in what happened; it is stepped soon. */
  input(input: Input): void {
    if (this.#stopped) return;
    this.#inbox.push(input);
    this.#wake();
  }

  /** One tick passed. */
  tick(): void {
    this.input({ type: 'tick', random: this.#ports.random() });
    this.#checkpoints.tick();
    const { leading, self, configurations } = this.member;
    const isDue = this.#disk.tick();
    if (isDue && leading !== undefined) this.input({ type: 'hand-over' });
    const { voters, learners } = configurations.newest;
    const others = [...voters, ...learners].filter((member) => member !== self);
    this.#hearing.tick(leading === undefined ? [] : others);
    this.#sender.tick();
    this.#receiver.tick();
    this.#requests.tick();
    this.#guard(() => this.#compareHistories());
    this.#scrub();
    this.#compareStates();
  }

  /** Nobody votes while it is not known whose history is right, and nobody with a wrong one. */
  #compareHistories(): void {
    if (this.#stopped) return;
    this.#histories.tick();
    const { verdict, differing } = this.#histories;
    if (verdict === 'refuted') return this.#fail(historyError(differing));
    const isDisputed = verdict === 'disputed';
    if (isDisputed === this.#isDisputed) return;
    this.#isDisputed = isDisputed;
    this.input({ type: 'dispute', isOpen: isDisputed });
  }

  /** Whoever leads proposes it now and then. */
  #compareStates(): void {
    this.#ticksToCompare -= 1;
    if (this.#ticksToCompare > 0 || this.#isCompared || this.member.leading === undefined) return;
    this.#ticksToCompare = this.#settings.compareTicks;
    this.#isCompared = true;
    this.input({ type: 'compare' });
  }

  /** The log says to: right behind that slot, every member has the same state. */
  #compare(slot: Slot): void {
    this.#isCompared = true;
    this.#checkpoints.cutAt(slot + 1, () => {
      const { digests } = this.#ports.state.facts;
      const tables = digests.entries().map(([table, digest]) => ({ table, ...digest }));
      this.#say(this.#others, { type: 'digests', slot, tables });
      this.#comparison.heard(this.member.self, slot, tables);
    });
  }

  #scrub(): void {
    this.#ticksToScrub -= 1;
    if (this.#ticksToScrub > 0 || this.#stopped) return;
    this.#ticksToScrub = this.#settings.scrubTicks;
    this.#guard(() => this.#ports.state.scrub());
  }

  /**
   * Takes the command of a client.
   * @param bytes see contract/src/command.ts
   * @param answer called once: with the results when it is decided and applied, or with a refusal
   */
  submit(bytes: Uint8Array, answer: (outcome: Outcome) => void): void {
    this.#requests.submit(bytes, answer);
  }

  /** Takes the command of a client that may not write. */
  submitRead(bytes: Uint8Array, answer: (outcome: Outcome) => void): void {
    this.#requests.submitRead(bytes, answer);
  }

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.schedule(() => {
      this.#scheduled = false;
      this.#drain();
    });
  }

  /** Steps all that is in the inbox; the requests of clients come last, as one input. */
  #drain(): void {
    if (this.#stopped) return;
    this.#guard(() => {
      const inputs = this.#inbox;
      this.#inbox = [];
      for (const input of inputs) {
        this.#perform(this.member.step(input));
        if (this.#isStopped()) return;
      }
      if (!this.#requests.isEmpty) {
        this.#perform(this.member.step({ type: 'request', commands: this.#requests.take() }));
      }
      this.#checkpoints.cutWhenDue();
      this.#release();
    });
  }

  /** A broken invariant, or damage that is found: nothing goes on. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What leaves goes out first: a p2a is on its way while its own record is being written. */
  #release(): void {
    this.#outbox.send();
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
      this.#outbox.send();
      this.#events.crashed();
    });
    this.#release();
  }

  #performAll(effects: readonly Effect[]): void {
    for (const effect of effects) {
      switch (effect.type) {
        case 'persist':
          if (effect.record.type === 'leader-ballot') this.#ports.metrics.counts.scouts += 1;
          this.#barrier.persist(effect.record);
          break;
        case 'send':
          this.#send(effect);
          break;
        case 'ask-outside':
          this.#ports.witness?.ask();
          break;
        case 'apply':
          this.#apply(effect.slot, effect.value);
          break;
        case 'reconfigured':
          if (effect.stored !== undefined) this.#facts.reconfigured(effect.stored);
          this.#events.reconfigured(effect.change, effect.stored !== undefined);
          break;
        case 'compare':
          this.#compare(effect.slot);
          break;
        case 'machine':
          this.#upgrade(effect.version);
          break;
        case 'recall':
          this.#recall(effect);
          break;
        case 'collect':
          this.#collect(effect.floor);
          break;
        case 'fetch-state':
          this.#receiver.begin(effect.from);
          break;
        case 'leading':
          this.#events.leading(effect.ballot);
          break;
        case 'dropped':
          this.#events.dropped(effect.why, effect.from);
          break;
        case 'expelled':
          this.#fail(errorOf(effect.expulsion));
          break;
        case 'surveyed':
          this.#events.surveyed(effect.survey);
          break;
        default:
          effect satisfies never;
      }
    }
  }

  #send(effect: Effect & { type: 'send' }): void {
    const { to, message } = effect;
    this.#ports.metrics.sent.add(message.type);
    // A p1b or p2b leaves only when every acceptor record queued before it is flushed.
    if (!waitsForFlush[message.type]) return this.#outbox.add(to, message);
    this.#barrier.hold(() => {
      const { self } = this.member;
      const others = to.filter((member) => member !== self);
      if (others.length > 0) this.#outbox.add(others, message);
      if (others.length < to.length) this.input({ type: 'message', from: self, message });
    });
  }

  #apply(slot: Slot, value: Value): void {
    const applied = this.#ports.applier.apply(slot, value);
    this.#facts.applied(slot, value);
    this.#isCompared = false;
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
    if (error !== undefined) return this.#fail(error);
    applier.version = version;
    this.#facts.upgraded(machine);
    this.#events.upgraded(machine);
  }

  #count(value: Value, applied: readonly AppliedCommand[]): void {
    const { counts, histograms } = this.#ports.metrics;
    counts.decisions += 1;
    counts.commands += applied.length;
    counts.operations = this.#ports.applier.operationsApplied;
    for (const { duplicate } of applied) if (duplicate) counts.duplicates += 1;
    histograms.batchCommands.observe(value.length);
    histograms.batchBytes.observe(valueBytes(value));
  }

  #recall({ from, to, asker }: Effect & { type: 'recall' }): void {
    const { log } = this.#ports;
    const { first } = log;
    if (from < first) return this.input({ type: 'recalled', asker, from, stored: [], first });
    log.read(from, to, RECALL_BYTES, (error, stored) => {
      if (error !== undefined) return this.#fail(error);
      this.input({ type: 'recalled', asker, from, stored, first });
    });
  }

  /** What the log lets go of is deleted once the floor that says so is durable. */
  #collect(floor: Slot): void {
    const { log } = this.#ports;
    const slot = log.collectable(Math.min(floor, this.#sender.neededFrom));
    if (slot <= this.#collected) return;
    this.#collected = slot;
    this.#barrier.persist({ type: 'floor', slot });
    this.#barrier.hold(() => {
      log.collect(slot, (error) => this.#fail(error));
      this.#events.collected(slot);
    });
  }

  /** The log says so, too: an older state that is found later is damage. */
  #flushed(slotOut: Slot): void {
    this.#barrier.persist({ type: 'flushed', slot: slotOut });
    this.input({ type: 'flushed', slotOut });
  }

  /** A state that this member's machine cannot go on with is not taken. */
  #mayTake(from: MemberId, facts: SharedFacts): boolean {
    const { machine } = this.#ports.applier;
    const error = machineErrorOf(machineOf(facts, machine), machine);
    if (error?.code === 'OLD_MACHINE') this.#fail(error);
    else if (error !== undefined) this.#events.dropped('another-machine', from);
    return error === undefined;
  }

  /** Another member's state is here: it takes the place of the own one in a restart. */
  #received(facts: SharedFacts, staging: Staging): void {
    const { slotOut } = facts;
    if (this.#stopped || slotOut <= this.member.slotOut) return staging.discard();
    this.#stop(); // From here on nothing is applied that the new state might lack.
    this.#checkpoints.whenIdle(() => {
      const machine = machineOf(facts, this.#ports.applier.machine);
      staging.commit({ ...facts, machine }, this.#own, (error) => {
        if (error !== undefined) this.#events.failed(error);
        else this.#events.restored(slotOut);
      });
    });
    this.#release();
  }

  /** Also after it has stopped: what was still being written did not reach the disk. */
  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#stop();
    this.#events.failed(error instanceof Error ? error : new Error(String(error)));
  }

  /** Takes no more inputs. */
  #stop(): void {
    this.#stopped = true;
    this.#sender.stop();
    this.#receiver.stop();
  }

  /** Writes the state as it is and stops; what is unanswered is left to the clients' retries. */
  stop(done: () => void): void {
    if (this.#stopped) return done();
    this.#sender.stop();
    this.#receiver.stop();
    this.#checkpoints.whenIdle(() => {
      this.#checkpoints.cutRest();
      this.#checkpoints.whenIdle(() => {
        this.#stopped = true;
        this.#guard(() => this.#ports.log.seal());
        done();
      });
      this.#release();
    });
  }
}

/** A state of an older Synod does not name its machine: it is of the first version. */
function machineOf({ machine }: SharedFacts, { name }: StateMachine): MachineVersion {
  return machine ?? { name, version: FIRST_VERSION };
}
