import { checkCommand } from '../../../contract/src/command.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import type { AppliedCommand, Applier } from '../machine/applier.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Ballot, MemberId } from '../paxos/ballot.ts';
import type { Change } from '../paxos/change.ts';
import { encodeConfigurations } from '../paxos/configurations.ts';
import { waitsForFlush, type Effect } from '../paxos/effects.ts';
import type { Input, Member } from '../paxos/member.ts';
import type { StateMessage } from '../paxos/messages.ts';
import { valueBytes, type Command, type Slot, type Value } from '../paxos/pvalue.ts';
import type { Log } from '../storage/log.ts';
import type { StateStore, Staging } from '../storage/state.ts';
import type { Transport } from '../transport/transport.ts';
import { Barrier } from './barrier.ts';
import { Outbox } from './outbox.ts';
import { StateReceiver } from './state-receiver.ts';
import { StateSender } from './state-sender.ts';
import { Waiters } from './waiters.ts';

type DriverMetrics = 'counts' | 'sent' | 'received' | 'dropped' | 'refused' | 'histograms';

/** Why a vote of somebody who is no voter was dropped. */
export const UNKNOWN_MEMBER = 'unknown-member';

/** What the driver is given: it owns no clock, socket, file, promise or randomness. */
export interface DriverPorts {
  readonly member: Member;
  readonly log: Log;
  readonly state: StateStore;
  readonly applier: Applier;
  readonly transport: Transport;
  readonly metrics: Pick<Metrics, DriverMetrics>;
  /** Runs something soon, after what is already there to be done. */
  readonly schedule: (run: () => void) => void;
  /** In [0, 1). */
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface DriverSettings {
  /** Ticks between two cuts of the state. */
  readonly checkpointTicks: number;
  /** A cut is due, too, when that much state is in memory. */
  readonly overlayBytes: number;
  /** Commands that wait for a slot, at most. */
  readonly queueBytes: number;
  /** The largest command. */
  readonly maxCommandBytes: number;
  /** Answers wait until the decided mark that covers them is durable (leadership on demand). */
  readonly answersWaitForMark: boolean;
  /** A write that takes more ticks means that the disk stalls: whoever leads hands over. */
  readonly stallTicks: number;
  /** The size of a chunk of the state on its way to another member. */
  readonly chunkBytes: number;
  /** An unanswered request is given up after this many milliseconds. */
  readonly waitMs: number;
}

export interface DriverEvents {
  /** This member became the active leader, or no longer is. */
  leading(ballot: Ballot | undefined): void;
  /** A slot was applied, and may be spoken of. */
  applied(slot: Slot, commands: readonly AppliedCommand[]): void;
  surveyed(survey: number): void;
  /** The log lets go of what is below `floor`. */
  collected(floor: Slot): void;
  /**
   * Another member's state is on disk, ahead of the own one: the storage has to be opened again,
   * and a member made from it. The driver has stopped.
   */
  restored(slotOut: Slot): void;
  /** A change was applied; `taken` is false when it was void. */
  reconfigured(change: Change, taken: boolean): void;
  /** A crash point fired: what was sent has left, what was written is durable. */
  crashed(): void;
  /** Nothing can go on: a failed write, a broken invariant, damage. The driver has stopped. */
  failed(error: Error): void;
}

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
  readonly #barrier: Barrier;
  readonly #outbox: Outbox;
  readonly #waiters = new Waiters();
  readonly #sender: StateSender;
  readonly #receiver: StateReceiver;
  #filter: EffectFilter | undefined;
  #inbox: Input[] = [];
  #requests: Command[] = [];
  #requestBytes = 0;
  #scheduled = false;
  #stopped = false;
  #failed = false;
  #cutting = false;
  #ticksToCheckpoint: number;
  #flushing: number | undefined;
  /** Ticks since the batch that is being flushed was first seen. */
  #ticksFlushing = 0;
  #idle: (() => void) | undefined;
  /** The log has nothing below it, or is about to let go of it. */
  #collected: Slot;

  constructor(ports: DriverPorts, settings: DriverSettings, events: DriverEvents) {
    this.#ports = ports;
    this.#settings = settings;
    this.#events = events;
    this.#ticksToCheckpoint = settings.checkpointTicks;
    this.#collected = ports.log.first;
    this.#barrier = new Barrier(ports.log, (error) => this.#fail(error));
    const { member, transport, metrics } = ports;
    this.#outbox = new Outbox(transport, member.self, () => member.configurations.members);
    const { state, random } = ports;
    const send = (to: MemberId, message: StateMessage): void => {
      metrics.sent.add(message.type);
      this.#outbox.add([to], message);
      this.#wake();
    };
    this.#sender = new StateSender(state, settings.chunkBytes, send, random);
    this.#receiver = new StateReceiver(state, {
      fetch: send,
      isNews: (slot) => slot > member.slotOut,
      received: (slot, staging) => this.#received(slot, staging),
      failed: (error) => this.#fail(error),
    });
    transport.onMessage((from, message) => {
      metrics.received.add(message.type);
      if (this.#stopped) return;
      if (message.type === 'fetch') return this.#guard(() => this.#sender.fetch(from, message));
      if (message.type === 'chunk') return this.#guard(() => this.#receiver.chunk(from, message));
      if (!member.takes(from, message)) return metrics.dropped.add(UNKNOWN_MEMBER);
      this.input({ type: 'message', from, message });
    });
  }

  get member(): Member {
    return this.#ports.member;
  }

  /** Bytes of commands that wait for a slot. */
  get queueBytes(): number {
    return this.#requestBytes + this.member.requestBytes;
  }

  /** The disk has not finished a write for a while. */
  get stalled(): boolean {
    return this.#ticksFlushing >= this.#settings.stallTicks;
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
    this.#ticksToCheckpoint -= 1;
    this.#watchDisk();
    this.#sender.tick();
    this.#receiver.tick();
    this.#waiters.expire(this.#ports.now() - this.#settings.waitMs);
  }

  #watchDisk(): void {
    const { flushing } = this.#barrier;
    const isSame = flushing !== undefined && flushing === this.#flushing;
    this.#ticksFlushing = isSame ? this.#ticksFlushing + 1 : 0;
    this.#flushing = flushing;
    const isDue = this.stalled && this.#ticksFlushing % this.#settings.stallTicks === 0;
    if (isDue && this.member.leading !== undefined) this.input({ type: 'hand-over' });
  }

  /**
   * Takes the command of a client.
   * @param bytes see contract/src/command.ts
   * @param answer called once: with the results when it is decided and applied, or with a refusal
   */
  submit(bytes: Uint8Array, answer: (outcome: Outcome) => void): void {
    const { applier, metrics, now } = this.#ports;
    const refuse = (outcome: Outcome & { ok: false }): void => {
      metrics.refused.add(outcome.code);
      answer(outcome);
    };
    const { queueBytes, maxCommandBytes } = this.#settings;
    if (this.#stopped) return refuse({ ok: false, code: 'NOT_LEADING' });
    if (bytes.length > maxCommandBytes) return refuse({ ok: false, code: 'TOO_LARGE' });
    const command = checkCommand(bytes);
    if ('malformed' in command) return refuse({ ok: false, code: 'MALFORMED' });
    const { client, number, count } = command;
    let known: Outcome | undefined;
    try {
      known = applier.lookup(client, number, count);
    } catch (error) {
      // Its session is damaged on disk.
      this.#fail(asError(error));
      return refuse({ ok: false, code: 'NOT_LEADING' });
    }
    if (known !== undefined && !this.#settings.answersWaitForMark) return answer(known);
    if (this.queueBytes + bytes.length > queueBytes) {
      return refuse({ ok: false, code: 'OVERLOADED', retryAfterMs: 100 });
    }
    this.#waiters.add(client, number, now(), answer);
    this.#requests.push(bytes);
    this.#requestBytes += bytes.length;
    this.#wake();
  }

  /** Takes the command of a client that may not write. */
  submitRead(bytes: Uint8Array, answer: (outcome: Outcome) => void): void {
    if (this.#ports.applier.isRead(bytes)) return this.submit(bytes, answer);
    this.#ports.metrics.refused.add('NOT_ALLOWED');
    answer({ ok: false, code: 'NOT_ALLOWED' });
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
      if (this.#requests.length > 0) {
        const commands = this.#requests;
        this.#requests = [];
        this.#requestBytes = 0;
        this.#perform(this.member.step({ type: 'request', commands }));
      }
      this.#checkpoint();
      this.#release();
    });
  }

  /** A broken invariant, or damage that is found: nothing goes on. */
  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#fail(asError(error));
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
        case 'apply':
          this.#apply(effect.slot, effect.value);
          break;
        case 'reconfigured':
          if (effect.stored !== undefined) {
            this.#ports.applier.reconfigure(encodeConfigurations(effect.stored));
          }
          this.#events.reconfigured(effect.change, effect.stored !== undefined);
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
    const { applier, metrics } = this.#ports;
    const applied = applier.apply(slot, value);
    this.#count(value, applied);
    const speak = (): void => {
      for (const { command, outcome } of applied) {
        if (command === undefined) continue;
        const begun = this.#waiters.answer(command.client, command.number, outcome);
        if (begun === undefined) continue;
        metrics.histograms.commitSeconds.observe((this.#ports.now() - begun) / 1000);
      }
      this.#events.applied(slot, applied);
    };
    if (this.#settings.answersWaitForMark) this.#barrier.hold(speak);
    else speak();
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

  /** Another member's state is here: it takes the place of the own one in a restart. */
  #received(slot: Slot, staging: Staging): void {
    if (this.#stopped || slot <= this.member.slotOut) return staging.discard();
    this.#stop(); // From here on nothing is applied that the new state might lack.
    this.#whenIdle(() => {
      staging.commit(slot, (error) => {
        if (error !== undefined) this.#events.failed(error);
        else this.#events.restored(slot);
      });
    });
    this.#release();
  }

  /** Once nothing is being written. */
  #whenIdle(run: () => void): void {
    const idle = (): void => this.#barrier.hold(run);
    if (this.#cutting) this.#idle = idle;
    else idle();
  }

  /** Cuts the state when it is time to; the cut is written once its decided mark is durable. */
  #checkpoint(): void {
    const { state, member } = this.#ports;
    const due = this.#ticksToCheckpoint <= 0 || state.overlayBytes > this.#settings.overlayBytes;
    if (!due || this.#cutting || member.slotOut <= state.flushedSlotOut) return;
    this.#ticksToCheckpoint = this.#settings.checkpointTicks;
    this.#cut();
  }

  #cut(): void {
    const { state, applier, member, metrics, now } = this.#ports;
    this.#cutting = true;
    this.#perform(member.step({ type: 'checkpoint' }));
    applier.save();
    const cut = state.cut(member.slotOut);
    this.#barrier.hold(() => {
      const begin = now();
      cut.write((error) => {
        if (error !== undefined) return this.#fail(error);
        metrics.histograms.cutSeconds.observe((now() - begin) / 1000);
        this.#cutting = false;
        this.input({ type: 'flushed', slotOut: cut.slotOut });
        this.#idle?.();
      });
    });
  }

  /** Also after it has stopped: what was still being written did not reach the disk. */
  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#stop();
    this.#events.failed(error);
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
    this.#whenIdle(() => {
      const { state, member } = this.#ports;
      if (member.slotOut > state.flushedSlotOut) this.#cut();
      this.#whenIdle(() => {
        this.#stopped = true;
        done();
      });
      this.#release();
    });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
