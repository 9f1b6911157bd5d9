import { createHash } from 'node:crypto';
import { checkCommand, parseCommand, type Command } from '../../../contract/src/command.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import { encodeCount } from './count.ts';
import type { Session } from './session.ts';
import { SESSIONS, Sessions } from './sessions.ts';
import type { ApplyContext, StateMachine } from './state-machine.ts';
import { bytesOf, type Bytes, type Tables } from './tables.ts';

/** What became of one command of a decided batch. */
export interface AppliedCommand {
  /** `undefined` when the bytes were no client's command: its outcome is `MALFORMED`. */
  readonly command: Command | undefined;
  readonly outcome: Outcome;
  /** Every result is from an earlier execution: nothing ran. */
  readonly duplicate: boolean;
}

/**
 * Applies decided batches to a state machine, each operation at most once. All it keeps is in the
 * tables after `save`; when the tables are replaced under it, a new applier is needed.
 */
export class Applier {
  readonly #machine: StateMachine;
  readonly #tables: Tables;
  readonly #sessions: Sessions;
  #version: number;
  #operationsApplied = 0;

  /**
   * @param version of the machine, as the tables have it in force
   * @param cachedSessions for tests: how many unchanged sessions stay decoded in memory
   */
  constructor(machine: StateMachine, tables: Tables, version: number, cachedSessions?: number) {
    this.#machine = machine;
    this.#version = version;
    this.#tables = tables;
    this.#sessions = new Sessions(tables, cachedSessions);
  }

  get machine(): StateMachine {
    return this.#machine;
  }

  /** The version of the machine that decides what the next slot does. */
  get version(): number {
    return this.#version;
  }

  /** From the next slot on. It is one that the machine has. */
  set version(version: number) {
    this.#version = version;
  }

  /** Operations that ran since this applier was made, without duplicates. */
  get operationsApplied(): number {
    return this.#operationsApplied;
  }

  /** Bytes that `save` will write: they are in no table yet. */
  get unsavedBytes(): number {
    return this.#sessions.unsavedBytes;
  }

  /** Applies a decided batch: one entry a command, in their order. */
  apply(slot: number, value: readonly Bytes[]): AppliedCommand[] {
    const context = { slot, version: this.#version };
    return value.map((bytes) => this.#applyCommand(bytes, context));
  }

  /** Completes the tables: call it just before each cut. */
  save(): void {
    this.#sessions.save();
  }

  /** Answers a read from what is applied so far. */
  query(read: Bytes): Bytes {
    return this.#machine.query(this.#tables, read);
  }

  /**
   * What a request that may be a retry can be answered at once.
   * @returns `undefined` when not all of its operations have run: it must be decided
   */
  lookup(client: string, number: number, count: number): Outcome | undefined {
    const session = this.#sessions.find(client);
    if (session === undefined) return undefined;
    if (number < session.lowest) return { ok: false, code: 'ALREADY_ANSWERED' };
    return session.missing(number, count) > 0 ? undefined : storedOutcome(session, number, count);
  }

  /** Whether the command of a client need not be decided: it has run, or may run no more. */
  isAnswered(bytes: Bytes): boolean {
    const command = checkCommand(bytes);
    if ('malformed' in command) return false;
    return this.lookup(command.client, command.number, command.count) !== undefined;
  }

  /** A digest of all tables, as 64 hex digits: equal on members that applied the same slots. */
  stateHash(): string {
    this.save();
    const digest = createHash('sha256');
    for (const table of [...this.#machine.tables, SESSIONS].sort()) {
      digest.update(`${table}\n`);
      for (const [key, value] of this.#tables.range(table)) {
        digest.update(encodeCount(key.length)).update(bytesOf(key));
        digest.update(encodeCount(value.length)).update(value);
      }
    }
    return digest.digest('hex');
  }

  #applyCommand(bytes: Bytes, context: ApplyContext): AppliedCommand {
    const command = parseCommand(bytes);
    if ('malformed' in command) return refused(undefined, 'MALFORMED');
    const { client, number, lowest, operations } = command;
    const session = this.#sessions.open(client);
    if (session.forgetBelow(lowest)) this.#sessions.touch(client, session);
    // Below the lowest unanswered number no replies are kept, so nothing there may run any more.
    if (number < session.lowest) return refused(command, 'ALREADY_ANSWERED');
    const missing = session.missing(number, operations.length);
    if (missing > 0) {
      // A command runs whole or not at all. The refusal is not remembered: a retry may find room.
      if (!session.hasRoomFor(missing)) return refused(command, 'TOO_MANY_IN_FLIGHT');
      const whole = missing === operations.length;
      const applied = whole ? this.#runWhole(command, session, context) : undefined;
      if (applied === undefined) this.#runMissing(command, session, context);
      this.#sessions.touch(client, session);
      if (applied !== undefined) return applied;
    }
    const outcome = storedOutcome(session, number, operations.length);
    return { command, outcome, duplicate: missing === 0 };
  }

  /** The usual case: none of the command's operations has run before. */
  #runWhole(command: Command, session: Session, context: ApplyContext): AppliedCommand {
    const { number, operations } = command;
    const results = new Array<Bytes>(operations.length);
    let at = 0;
    for (const operation of operations) {
      results[at++] = this.#machine.apply(this.#tables, operation, context);
    }
    session.store(number, context.slot, results);
    this.#operationsApplied += operations.length;
    return { command, outcome: { ok: true, slot: context.slot, results }, duplicate: false };
  }

  #runMissing(command: Command, session: Session, context: ApplyContext): void {
    for (const [i, operation] of command.operations.entries()) {
      const number = command.number + i;
      if (session.reply(number) !== undefined) continue;
      const result = this.#machine.apply(this.#tables, operation, context);
      session.store(number, context.slot, [result]);
      this.#operationsApplied++;
    }
  }
}

/** The slot is the one in which the last of the operations ran. */
function storedOutcome(session: Session, number: number, count: number): Outcome {
  const results: Bytes[] = [];
  let slot = 0;
  for (let i = 0; i < count; i++) {
    const reply = session.reply(number + i);
    if (reply === undefined) throw new Error(`operation ${number + i} has run but has no reply`);
    results.push(reply.result);
    slot = Math.max(slot, reply.slot);
  }
  return { ok: true, slot, results };
}

function refused(
  command: Command | undefined,
  code: 'MALFORMED' | 'ALREADY_ANSWERED' | 'TOO_MANY_IN_FLIGHT',
): AppliedCommand {
  return { command, outcome: { ok: false, code }, duplicate: false };
}
