import type { AppliedCommand } from '../machine/applier.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { Effect, LogRecord } from '../paxos/effects.ts';
import { messageTable } from '../paxos/message-table.ts';
import type { CoreMessage } from '../paxos/messages.ts';
import { valueBytes, type Slot, type Value } from '../paxos/pvalue.ts';
import { machineErrorOf } from '../storage/machine-error.ts';
import { messageBytes } from '../transport/message-bytes.ts';
import type { Assembly } from './assembly.ts';
import type { DriverCalls, DriverEvents, DriverPorts, DriverSettings } from './driver-ports.ts';
import { errorOf } from './expulsion.ts';

type Ports = Pick<DriverPorts, 'applier' | 'member' | 'metrics' | 'transport' | 'witness'>;
type Settings = Pick<DriverSettings, 'answersWaitForMark'>;
type Parts = Pick<
  Assembly,
  | 'barrier'
  | 'comparisons'
  | 'expiries'
  | 'facts'
  | 'outbox'
  | 'quota'
  | 'reads'
  | 'recalls'
  | 'requests'
  | 'retention'
  | 'transfer'
>;

/**
 * What one turn does, at most: more waits for the next one, and sockets and timers come in between.
 * Bytes are those of values that are written, sent or applied.
 */
const TURN_BYTES = 256 * 1024;
/** Of answers to others that wait for the disk, at most; and what each takes beside its values. */
const HELD_BYTES = 16 * 1024 * 1024;
const HELD_EACH = 512;

/** Performs the effects of a member, in their order, and counts what a turn does. */
export class Performer {
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #events: DriverEvents;
  readonly #parts: Parts;
  readonly #calls: Pick<DriverCalls, 'failed' | 'input' | 'unfinished'>;
  /** Bytes of values that this turn has written, sent and applied. */
  #turnBytes = 0;

  constructor(
    ports: Ports,
    settings: Settings,
    events: DriverEvents,
    parts: Parts,
    calls: Pick<DriverCalls, 'failed' | 'input' | 'unfinished'>,
  ) {
    this.#ports = ports;
    this.#settings = settings;
    this.#events = events;
    this.#parts = parts;
    this.#calls = calls;
  }

  /** Another turn begins. */
  beginTurn(): void {
    this.#turnBytes = 0;
  }

  /** Whether this turn has done enough. */
  get isTurnOver(): boolean {
    return this.#turnBytes > TURN_BYTES;
  }

  /** In their order: what is to be persisted is queued for the log before what waits for it. */
  perform(effects: readonly Effect[]): void {
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
          this.#parts.reads.readable(effect.read);
          break;
        case 'unfinished':
          this.#calls.unfinished();
          break;
        case 'refused':
          this.#parts.requests.refuse(effect.commands);
          break;
        case 'reconfigured':
          if (effect.stored !== undefined) this.#parts.facts.reconfigured(effect.stored);
          this.#events.reconfigured(effect.change, effect.stored !== undefined);
          break;
        case 'compare':
          this.#parts.comparisons.compare(effect.slot);
          break;
        case 'expire':
          this.#parts.expiries.applied();
          this.#ports.metrics.counts.sessionsExpired += this.#ports.applier.expire(effect.sessions);
          break;
        case 'quota':
          this.#limit(effect.isReached);
          break;
        case 'machine':
          this.#upgrade(effect.version);
          break;
        case 'recall':
          this.#parts.recalls.begin(effect);
          break;
        case 'collect':
          this.#parts.retention.collect(effect.floor);
          break;
        case 'fetch-state':
          this.#parts.transfer.begin(effect.from);
          break;
        case 'leading':
          if (!this.#ports.member.takesCommands) this.#parts.requests.drop();
          this.#events.leading(effect.ballot);
          break;
        case 'dropped':
          this.#events.dropped(effect.why, effect.from);
          break;
        case 'expelled':
          this.#parts.outbox.send(Infinity); // Its last word.
          this.#calls.failed(this.#parts.comparisons.error ?? errorOf(effect.expulsion));
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
    this.#parts.barrier.persist(record);
  }

  #send(effect: Effect & { type: 'send' }): void {
    const { to, message } = effect;
    const bytes = messageBytes(message);
    this.#ports.metrics.sent.add(message.type);
    this.#turnBytes += bytes;
    if (!messageTable[message.type].isHeld) return this.#parts.outbox.add(to, message);
    this.#hold(to, message, bytes + HELD_EACH);
  }

  /** A p1b or p2b leaves only when every acceptor record queued before it is flushed. */
  #hold(to: readonly MemberId[], message: CoreMessage, bytes: number): void {
    const { self } = this.#ports.member;
    const isOwn = to.includes(self);
    let others = to.filter((member) => member !== self);
    // It is asked for again. What a member says to itself is little, and nobody asks for that.
    if (others.length > 0 && this.#parts.barrier.heldBytes + bytes > HELD_BYTES) {
      this.#events.dropped('too-many', others[0] ?? '');
      if (!isOwn) return;
      others = [];
    }
    this.#parts.barrier.hold(() => {
      if (others.length > 0) this.#parts.outbox.add(others, message);
      if (isOwn) this.#calls.input({ type: 'message', from: self, message });
    }, bytes);
  }

  #apply(slot: Slot, value: Value): void {
    const applied = this.#ports.applier.apply(slot, value);
    this.#parts.facts.applied(slot, value);
    this.#parts.comparisons.applied();
    this.#parts.reads.applied(slot + 1);
    this.#count(value, applied);
    const speak = (): void => {
      this.#parts.requests.answer(applied);
      this.#events.applied(slot, applied);
    };
    if (this.#settings.answersWaitForMark) this.#parts.barrier.hold(speak);
    else speak();
  }

  /** The core applies no further slot when this member has not that version. */
  #upgrade(version: number): void {
    const { applier } = this.#ports;
    const machine = { name: applier.machine.name, version };
    const error = machineErrorOf(machine, applier.machine);
    if (error !== undefined) return this.#calls.failed(error);
    applier.version = version;
    this.#parts.facts.upgraded(machine);
    this.#events.upgraded(machine);
  }

  /** From the next slot on. */
  #limit(isReached: boolean): void {
    this.#parts.quota.applied();
    this.#ports.applier.isReadOnly = isReached;
    this.#parts.facts.quotaReached(isReached);
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
}
