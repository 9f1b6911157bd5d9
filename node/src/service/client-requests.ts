import { checkCommand, COMMAND_VERSION, isSoundCommand } from '../../../contract/src/command.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import type { AppliedCommand } from '../machine/applier.ts';
import { COMMAND_FRAMING, type Command } from '../paxos/pvalue.ts';
import type { DriverPorts, DriverSettings } from './driver-ports.ts';
import { Waiters } from './waiters.ts';

type Ports = Pick<DriverPorts, 'applier' | 'member' | 'metrics' | 'now'>;
type Settings = Pick<
  DriverSettings,
  'answersWaitForMark' | 'maxCommandBytes' | 'queueBytes' | 'waitMs'
>;

export interface ClientRequestsEvents {
  /** Whether nothing is taken any more. */
  isStopped(): boolean;
  /** How many bytes of commands and their framing a message has room for, as it is now. */
  room(): number;
  /** A command waits to be taken. */
  queued(): void;
  failed(error: unknown): void;
}

/**
 * The requests of clients, from their arrival to their answer. Each gets one answer at most, and a
 * retry the one that it repeats; those that wait for a slot never take more than `queueBytes`.
 */
export class ClientRequests {
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #events: ClientRequestsEvents;
  readonly #waiters = new Waiters();
  #queue: Command[] = [];
  #queuedBytes = 0;

  constructor(ports: Ports, settings: Settings, events: ClientRequestsEvents) {
    this.#ports = ports;
    this.#settings = settings;
    this.#events = events;
  }

  /** Bytes of commands that wait for a slot, here or in the member. */
  get bytes(): number {
    return this.#queuedBytes + this.#ports.member.requestBytes;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  /** See the driver's `submit`. */
  submit(bytes: Uint8Array, answer: (outcome: Outcome) => void): void {
    const { applier, member, now } = this.#ports;
    const { queueBytes } = this.#settings;
    const isTaken = member.takesCommands && !this.#events.isStopped();
    // First of all: who comes back from a pause has thousands that others have answered.
    if (!isTaken) return this.#refuse({ ok: false, code: 'NOT_LEADING' }, answer);
    if (bytes[0] === COMMAND_VERSION && !isSoundCommand(bytes)) {
      return this.#refuse({ ok: false, code: 'GARBLED' }, answer);
    }
    const command = checkCommand(bytes);
    if ('malformed' in command) return this.#refuse({ ok: false, code: 'MALFORMED' }, answer);
    const { client, number, count } = command;
    let known: Outcome | undefined;
    try {
      known = applier.lookup(client, number, count);
    } catch (error) {
      // Its session is damaged on disk.
      this.#events.failed(error);
      return this.#refuse({ ok: false, code: 'NOT_LEADING' }, answer);
    }
    if (known !== undefined && !this.#settings.answersWaitForMark) return answer(known);
    if (bytes.length > this.#largest) return this.#refuse(this.#tooLarge(bytes), answer);
    if (this.bytes + bytes.length > queueBytes) {
      return this.#refuse({ ok: false, code: 'OVERLOADED', retryAfterMs: 100 }, answer);
    }
    this.#waiters.add(client, number, now(), answer);
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#events.queued();
  }

  /** The largest command that a slot can take now. */
  get #largest(): number {
    return Math.min(this.#settings.maxCommandBytes, this.#events.room() - COMMAND_FRAMING);
  }

  #tooLarge({ length: bytes }: Command): Outcome & { ok: false } {
    return { ok: false, code: 'TOO_LARGE', sizes: { bytes, most: this.#largest } };
  }

  /** Refuses what waited for a slot, and has become too large for one. */
  refuse(commands: readonly Command[]): void {
    for (const bytes of commands) {
      const command = checkCommand(bytes);
      if ('malformed' in command) continue; // The cluster's own.
      const { client, number } = command;
      this.#refuse(this.#tooLarge(bytes), (outcome) => {
        this.#waiters.answer(client, number, outcome);
      });
    }
  }

  #refuse(outcome: Outcome & { ok: false }, answer: (outcome: Outcome) => void): void {
    this.#ports.metrics.refused.add(outcome.code);
    answer(outcome);
  }

  /** Another member leads, or nobody: all that wait are told at once, and send again. */
  drop(): void {
    this.take();
    this.#waiters.refuse('NOT_LEADING');
  }

  /** Takes the commands that have come since the last time, in the order of their arrival. */
  take(): Command[] {
    const commands = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    return commands;
  }

  /** Answers whoever waits here for what was applied. */
  answer(applied: readonly AppliedCommand[]): void {
    const { metrics, now } = this.#ports;
    for (const { command, outcome } of applied) {
      if (command === undefined) continue;
      const begun = this.#waiters.answer(command.client, command.number, outcome);
      if (begun === undefined) continue;
      metrics.histograms.commitSeconds.observe((now() - begun) / 1000);
    }
  }

  /** One tick passed: what has waited for too long is given up. */
  tick(): void {
    this.#waiters.expire(this.#ports.now() - this.#settings.waitMs);
  }
}
