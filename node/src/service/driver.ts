import type { ReadRequest } from '../../../contract/src/read-request.ts';
import type { Alarm } from '../../../contract/src/alarms.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import type { IncomingState } from '../../../contract/src/status.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Effect } from '../paxos/effects.ts';
import type { Input } from '../paxos/input.ts';
import type { Member } from '../paxos/member.ts';
import type { Stamp } from '../transport/transport.ts';
import { Assembly } from './assembly.ts';
import { Awaited } from './awaited.ts';
import type { Sessionless } from './client-requests.ts';
import type { DriverCalls, DriverEvents, DriverPorts, DriverSettings } from './driver-ports.ts';
import { Inbox } from './inbox.ts';
import { Performer } from './performer.ts';
import { Reception } from './reception.ts';

/** Changes what a member does and may end it, for crash points: see crash-points.ts. */
export type EffectFilter = (effects: Effect[]) => { effects: Effect[]; crash: boolean };

/** What leaves at a time. */
const OUTBOX_BYTES = 1024 * 1024;

/**
 * Drives a member: drains its inbox, steps every input, writes all their records in one batch, and
 * goes on stepping while that batch is being flushed. What comes from other members it has the
 * reception look at, and what the core wants done the performer do.
 */
export class Driver {
  readonly #ports: DriverPorts;
  readonly #events: DriverEvents;
  readonly #parts: Assembly;
  readonly #performer: Performer;
  readonly #reception: Reception;
  readonly #inbox = new Inbox();
  readonly #awaited = new Awaited();
  #filter: EffectFilter | undefined;
  /** More is decided than is applied. */
  #isUnfinished = false;
  #scheduled = false;
  #stopped = false;
  #failed = false;
  /** What a message had room for when that was looked at last. */
  #measured = Infinity;

  constructor(ports: DriverPorts, settings: DriverSettings, events: DriverEvents) {
    this.#ports = ports;
    this.#events = events;
    const calls: DriverCalls = {
      isStopped: () => this.#stopped,
      wake: () => this.#wake(),
      input: (input) => this.input(input),
      unfinished: () => this.#goOn(),
      perform: (effects) => this.#perform(effects),
      release: () => this.#release(),
      halt: () => this.#stop(),
      failed: (error) => this.fail(error),
    };
    this.#parts = new Assembly(ports, settings, events, calls);
    this.#performer = new Performer(ports, settings, events, this.#parts, calls);
    this.#reception = new Reception(ports, this.#parts, this.#inbox, {
      take: (input, bytes) => this.#take(input, bytes),
      dropped: (why, from) => events.dropped(why, from),
    });
    const { transport } = ports;
    transport.onMessage((from, message, stamp) => {
      this.#reception.notice(from, message);
      this.#unlessStopped(() => this.#reception.hear(from, message, stamp));
    });
    transport.onGone((gone) => this.input({ type: 'gone', member: gone }));
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
    this.#parts.requests.submit(bytes, answer, sessionless);
  }

  /** Takes a read. @param answer called once: with what is read, or with a refusal */
  read(request: ReadRequest, answer: (outcome: Outcome) => void): void {
    this.#parts.reads.submit(request, answer);
  }

  /**
   * Waits until something is so of this member.
   * @param ms at most
   * @returns whether it is; also when the driver has stopped meanwhile
   */
  until(isSo: () => boolean, ms: number): Promise<boolean> {
    return this.#awaited.until(isSo, ms);
  }

  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.schedule(() => {
      this.#scheduled = false;
      this.#drain();
    });
  }

  /** More is decided than this turn applies. */
  #goOn(): void {
    this.#isUnfinished = true;
    this.#wake();
  }

  /** Steps a turn's share of the inbox; the requests of clients come last, a slot at a time. */
  #drain(): void {
    if (this.#stopped) return;
    const { requests, reads, checkpoints } = this.#parts;
    this.#guard(() => {
      this.#measure();
      this.#weigh();
      this.#performer.beginTurn();
      const isOver = (): boolean => this.#stopped || this.#performer.isTurnOver;
      this.#inbox.drain((input) => this.#step(input), isOver);
      if (this.#isStopped()) return;
      while (requests.isDue && !this.#performer.isTurnOver) {
        this.#perform(this.member.step({ type: 'request', commands: requests.take() }));
        if (this.#isStopped()) return;
      }
      const read = reads.take();
      if (read !== undefined) this.#perform(this.member.step({ type: 'read', read }));
      if (this.#isUnfinished && !this.#performer.isTurnOver) {
        this.#isUnfinished = false;
        this.#perform(this.member.step({ type: 'perform' }));
      }
      checkpoints.cutWhenDue();
      this.#release();
      if (!this.#inbox.isEmpty || this.#isUnfinished || requests.isDue) this.#wake();
      this.#awaited.look();
    });
  }

  #step(input: Input): void {
    this.#perform(this.member.step(input));
    if (input.type === 'recalled') this.#parts.recalls.stepped(input.asker);
  }

  /** The network may take larger or smaller messages than before. */
  #measure(): void {
    const bytes = this.#parts.room;
    if (bytes === this.#measured) return;
    this.#measured = bytes;
    this.#perform(this.member.step({ type: 'room', bytes }));
  }

  /** The disk may have fallen behind, or caught up. */
  #weigh(): void {
    if (!this.#parts.backlog.weigh()) return;
    const { isFull } = this.#parts.backlog;
    this.#perform(this.member.step({ type: 'backlog', isFull }));
  }

  /** Puts a filter around the effects of every further step. */
  set filter(filter: EffectFilter) {
    this.#filter = filter;
  }

  #perform(effects: Effect[]): void {
    if (this.#filter === undefined) return this.#performer.perform(effects);
    const filtered = this.#filter(effects);
    this.#performer.perform(filtered.effects);
    if (!filtered.crash) return;
    this.#stopped = true;
    const { barrier, outbox } = this.#parts;
    barrier.hold(() => {
      outbox.send(Infinity);
      this.#events.crashed();
    });
    this.#release();
  }

  /** What leaves goes out first: a p2a is on its way while its own record is being written. */
  #release(): void {
    if (this.#failed) return; // What it would write may be another run's by now.
    const { outbox, barrier } = this.#parts;
    outbox.send(OUTBOX_BYTES);
    if (!outbox.isEmpty) this.#wake();
    const begin = this.#ports.now();
    barrier.flush(() => {
      this.#ports.metrics.histograms.logSyncSeconds.observe((this.#ports.now() - begin) / 1000);
      this.#release();
    });
  }

  /** One tick passed. */
  tick(): void {
    const { disk, checkpoints, slowDisk, succession, transfer, requests, reads } = this.#parts;
    const isStalled = disk.tick();
    this.input({ type: 'tick', random: this.#ports.random(), write: disk.writeTicks });
    checkpoints.tick();
    succession.tick(isStalled);
    this.#reception.tick();
    slowDisk.tick({ isLogStalled: disk.isStalled, cut: checkpoints.writing });
    transfer.tick();
    requests.tick();
    reads.tick();
    this.#unlessStopped(() => this.#parts.comparisons.tick());
    this.#unlessStopped(() => this.#maintain());
    this.#unlessStopped(() => this.#parts.scrubber.tick());
  }

  /** What a leader has the log say now and then. */
  #maintain(): void {
    const { takesCommands, leading } = this.member;
    const ballot = takesCommands ? leading : undefined;
    this.#parts.expiries.tick(ballot);
    this.#parts.quota.tick(ballot);
  }

  #unlessStopped(run: () => void): void {
    if (!this.#stopped) this.#guard(run);
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

  #isStopped(): boolean {
    return this.#stopped;
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
    this.#parts.transfer.stop();
    this.#parts.reads.stop();
    this.#awaited.stop();
  }

  /** Writes the state as it is and stops; what is unanswered is left to the clients' retries. */
  stop(done: () => void): void {
    if (this.#stopped) return done();
    const { transfer, checkpoints, reads, outbox } = this.#parts;
    transfer.stop();
    checkpoints.whenIdle(() => {
      checkpoints.cutRest();
      checkpoints.whenIdle(() => {
        this.#stopped = true;
        reads.stop();
        this.#awaited.stop();
        outbox.send(Infinity);
        this.#guard(() => this.#ports.log.seal());
        done();
      });
      this.#release();
    });
  }

  /** Whether it makes sense to send reads here. */
  get servesReads(): boolean {
    const { mayVote, self, configurations } = this.member;
    return mayVote && configurations.members.includes(self) && this.#parts.reads.areServed;
  }

  /** What every frame says of this member. */
  get stamp(): Stamp {
    const { history } = this.#parts.facts;
    const { incarnation, log } = this.#ports;
    return { end: { incarnation, sequence: log.end }, ...(history && { history }) };
  }

  get member(): Member {
    return this.#ports.member;
  }

  /** Bytes of commands that wait for a slot. */
  get queueBytes(): number {
    return this.#parts.requests.bytes;
  }

  /** Bytes of the log and the state that are in memory alone: they wait for the disk. */
  get unwrittenBytes(): number {
    return this.#parts.unwrittenBytes;
  }

  /** Whom this member has not heard for long, while it leads. */
  get unheard(): MemberId[] {
    return this.#parts.hearing.unheard;
  }

  /** Another member's state that is on its way here; `undefined` while none is. */
  get incoming(): IncomingState | undefined {
    return this.#parts.transfer.incoming;
  }

  /** What a person should look at. */
  get alarms(): Alarm[] {
    const { comparisons, progress, slowDisk, quota } = this.#parts;
    return [comparisons, progress, slowDisk, quota].flatMap(({ alarms }) => alarms);
  }

  /** Why this member cannot serve, though nothing is wrong with itself. */
  get outage(): Alarm | undefined {
    return this.#parts.progress.outage;
  }
}
