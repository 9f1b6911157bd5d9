import {
  checkCommand,
  COMMAND_VERSION,
  isSoundCommand,
  SESSIONLESS_VERSION,
} from '../../../contract/src/command.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import type { AppliedCommand } from '../machine/applier.ts';
import { COMMAND_FRAMING, type Command } from '../paxos/pvalue.ts';
import { ClientQueues, largestIn, waitingBytes, type Waiting } from './client-queues.ts';
import type { DriverPorts, DriverSettings } from './driver-ports.ts';
import { Waiters } from './waiters.ts';

type Ports = Pick<DriverPorts, 'applier' | 'member' | 'metrics' | 'now'>;
type Settings = Pick<
  DriverSettings,
  'answersWaitForMark' | 'maxCommandBytes' | 'queueBytes' | 'waitMs'
>;

/**
 * Who waits for its turn longer than this would only wait behind itself: where a quorum is slow,
 * a refusal at once is worth more than an answer that may come too late.
 */
const PATIENCE_MS = 1_000;
const OVERLOADED: Outcome & { ok: false } = { ok: false, code: 'OVERLOADED', retryAfterMs: 100 };

/** What becomes of commands without a session of their own. */
export type Sessionless = 'taken' | 'refused';

export interface ClientRequestsEvents {
  /** Whether nothing is taken any more. */
  isStopped(): boolean;
  /** Whether too much waits for the own disk. */
  isFull(): boolean;
  /** How many bytes of commands and their framing a message has room for, as it is now. */
  room(): number;
  /** A command waits to be taken. */
  queued(): void;
  failed(error: unknown): void;
}

/**
 * The requests of clients, from their arrival to their answer. Each gets one answer at most, and a
 * retry the one that it repeats. Those that wait for a slot never take more than `queueBytes`; they
 * wait in a queue for each client, and what is too much is refused to the client that has most.
 */
export class ClientRequests {
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #events: ClientRequestsEvents;
  readonly #waiters = new Waiters();
  readonly #queues = new ClientQueues();

  constructor(ports: Ports, settings: Settings, events: ClientRequestsEvents) {
    this.#ports = ports;
    this.#settings = settings;
    this.#events = events;
  }

  /** Bytes of commands that wait for a slot, here or in the member. */
  get bytes(): number {
    return this.#queues.bytes + this.#ports.member.requestBytes;
  }

  /** See the driver's `submit`. */
  submit(bytes: Uint8Array, answer: (outcome: Outcome) => void, sessionless: Sessionless): void {
    const { applier, member, now } = this.#ports;
    const isTaken = member.takesCommands && !this.#events.isStopped();
    // First of all: who comes back from a pause has thousands that others have answered.
    if (!isTaken) return this.#refuse({ ok: false, code: 'NOT_LEADING' }, answer);
    const isChecked = bytes[0] === COMMAND_VERSION || bytes[0] === SESSIONLESS_VERSION;
    if (isChecked && !isSoundCommand(bytes)) {
      return this.#refuse({ ok: false, code: 'GARBLED' }, answer);
    }
    const command = checkCommand(bytes);
    if ('malformed' in command || (command.session === undefined && sessionless === 'refused')) {
      return this.#refuse({ ok: false, code: 'MALFORMED' }, answer);
    }
    const { client, number } = command;
    let known: Outcome | undefined;
    try {
      known = applier.lookup(command);
    } catch (error) {
      // Its session is damaged on disk.
      this.#events.failed(error);
      return this.#refuse({ ok: false, code: 'NOT_LEADING' }, answer);
    }
    if (known !== undefined && !this.#settings.answersWaitForMark) return answer(known);
    if (bytes.length > this.#largest) return this.#refuse(this.#tooLarge(bytes), answer);
    const since = now();
    const isUnsure = !member.takesProposals;
    const isRetry = this.#queues.has(client, number);
    if (!isRetry && !this.#makeRoom(client, bytes, since)) return this.#refuse(OVERLOADED, answer);
    this.#waiters.add(client, number, since, answer);
    if (isRetry) return;
    this.#queues.add({ client, number, command: bytes, since, isUnsure });
    this.#events.queued();
  }

  /**
   * What is too much is refused to the client that holds most.
   * @returns whether the command may wait
   */
  #makeRoom(client: string, command: Command, now: number): boolean {
    if (this.#events.isFull()) return false;
    if (now - (this.#queues.waitsSince(client) ?? now) > PATIENCE_MS) return false;
    const more = waitingBytes(command);
    while (this.bytes + more > this.#settings.queueBytes) {
      const { largest } = this.#queues;
      const isLargest = largest === undefined || this.#holds(client, more) >= this.#holds(largest);
      const last = isLargest ? undefined : this.#queues.takeLast(largest);
      if (last === undefined) return false;
      this.#refuse(OVERLOADED, (outcome) => {
        this.#waiters.answer(last.client, last.number, outcome);
      });
    }
    return true;
  }

  #holds(client: string, more = 0): number {
    return this.#queues.bytesOf(client) + more;
  }

  /** The largest command that may wait, and that a slot can take now. */
  get #largest(): number {
    const { maxCommandBytes, queueBytes } = this.#settings;
    return Math.min(maxCommandBytes, largestIn(queueBytes), this.#events.room() - COMMAND_FRAMING);
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
    this.#queues.clear();
    this.#waiters.refuse('NOT_LEADING');
  }

  /** Whether something waits that the member has a use for now. */
  get isDue(): boolean {
    return !this.#queues.isEmpty && this.#ports.member.wanted > 0 && !this.#events.isFull();
  }

  /** Takes as much as the member's next slot has room for, of all clients in turn. */
  take(): Command[] {
    const taken = this.#queues.take(this.#ports.member.wanted);
    return taken.filter((waiting) => !this.#hasRun(waiting)).map(({ command }) => command);
  }

  /** What has run while it waited, as another leader's, is answered, and not proposed again. */
  #hasRun({ client, number, command, isUnsure }: Waiting): boolean {
    const header = isUnsure ? checkCommand(command) : undefined;
    if (header === undefined || 'malformed' in header) return false;
    const known = this.#ports.applier.lookup(header);
    if (known !== undefined) this.#waiters.answer(client, number, known);
    return known !== undefined;
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
