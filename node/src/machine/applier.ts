import { createHash } from 'node:crypto';
import {
  checkCommand,
  parseCommand,
  type Command,
  type CommandHeader,
} from '../../../contract/src/command.ts';
import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import { FIRST_VERSION } from '../../../contract/src/machine-version.ts';
import type { Outcome } from '../../../contract/src/reply.ts';
import { encodeCount } from '../../../machines/src/port/count.ts';
import { REFUSED, type Session } from './session.ts';
import {
  MAX_SESSIONS,
  MAX_SESSIONS_BYTES,
  SESSIONS,
  Sessions,
  type CachedSessions,
  type SilentSession,
} from './sessions.ts';
import type { ApplyContext, StateMachine } from '../../../machines/src/port/state-machine.ts';
import { bytesOf, type Bytes, type Tables } from '../../../machines/src/port/tables.ts';

/** What became of one command of a decided batch. */
export interface AppliedCommand {
  /** `undefined` when the bytes were no client's command: its outcome is `MALFORMED`. */
  readonly command: Command | undefined;
  readonly outcome: Outcome;
  /** Every result is from an earlier execution: nothing ran. */
  readonly duplicate: boolean;
}

/** A page is up to 128 KiB: what more of them come to is no answer that anybody is sent. */
const MAX_READS = 64;

/** By which rules the next slot is applied, as the tables say. */
export interface InForce {
  /** Not known of tables that nothing was applied to, or that an older Synod made. */
  readonly machine?: { readonly version: number };
  readonly isReadOnly?: boolean;
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
  #isReadOnly: boolean;
  #operationsApplied = 0;

  /**
   * @param cached for tests: how many unchanged sessions stay decoded in memory
   */
  constructor(machine: StateMachine, tables: Tables, inForce: InForce, cached?: CachedSessions) {
    this.#machine = machine;
    this.#version = inForce.machine?.version ?? FIRST_VERSION;
    this.#isReadOnly = inForce.isReadOnly ?? false;
    this.#tables = tables;
    this.#sessions = new Sessions(tables, cached);
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

  /** Whether what would make the tables larger is refused. */
  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  /** From the next slot on. */
  set isReadOnly(isReadOnly: boolean) {
    this.#isReadOnly = isReadOnly;
  }

  /** Whether the version in force has these rules: who has none would apply something else. */
  get hasBounds(): boolean {
    return this.#version >= this.#machine.boundsSince;
  }

  /** Operations that ran since this applier was made, without duplicates. */
  get operationsApplied(): number {
    return this.#operationsApplied;
  }

  /** Bytes that `save` will write: they are in no table yet. */
  get unsavedBytes(): number {
    return this.#sessions.unsavedBytes;
  }

  get sessions(): Pick<Sessions, 'count' | 'bytes' | 'behind'> {
    return this.#sessions;
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
  lookup({ client, number, count, session: use }: CommandHeader): Outcome | undefined {
    const session = this.#sessions.find(client);
    const isIn = use === undefined || (use.type === 'in' && use.id === session?.life?.opened);
    if (session === undefined || !isIn) return undefined;
    if (number < session.lowest) return { ok: false, code: 'ALREADY_ANSWERED' };
    return session.missing(number, count) > 0 ? undefined : storedOutcome(session, number, count);
  }

  /** Whether the command of a client need not be decided: it has run, or may run no more. */
  isAnswered(bytes: Bytes): boolean {
    const command = checkCommand(bytes);
    return !('malformed' in command) && this.lookup(command) !== undefined;
  }

  /**
   * The log says that these sessions have ended. One that had a command since has not.
   * @returns how many have
   */
  expire(silent: readonly SilentSession[]): number {
    let ended = 0;
    for (const { client, touched } of silent) {
      const session = this.#sessions.find(client);
      if (session?.life?.touched !== touched) continue;
      this.#sessions.end(client, session);
      ended += 1;
    }
    return ended;
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
    switch (command.session?.type) {
      case 'open':
        return this.#open(command, command.session.ttlMs, context);
      case 'close':
        return this.#close(command, command.session.id, context);
      case 'in':
      case undefined:
        return this.#run(command, command.session?.id, context);
    }
  }

  /** A client has one session: opened again, it is the one that it has. */
  #open(command: Command, ttlMs: number, { slot }: ApplyContext): AppliedCommand {
    const { client } = command;
    const session = this.#sessions.find(client);
    if (session === undefined) {
      if (this.#isFull) return refused(command, 'SESSIONS_FULL');
      this.#sessions.open(client, { opened: slot, touched: slot, ttlMs });
      return { command, outcome: { ok: true, slot, results: [] }, duplicate: false };
    }
    if (session.life === undefined) return refused(command, 'SESSION_EXPIRED');
    session.touch(slot);
    this.#sessions.changed(client, session, session.bytes);
    return {
      command,
      outcome: { ok: true, slot: session.life.opened, results: [] },
      duplicate: true,
    };
  }

  #close(command: Command, id: number, { slot }: ApplyContext): AppliedCommand {
    const session = this.#sessions.find(command.client);
    const isThere = session?.life?.opened === id;
    if (isThere) this.#sessions.end(command.client, session);
    return { command, outcome: { ok: true, slot, results: [] }, duplicate: !isThere };
  }

  get #isFull(): boolean {
    return this.#sessions.count >= MAX_SESSIONS || this.#sessions.bytes >= MAX_SESSIONS_BYTES;
  }

  /** @param id of the session that it runs in; the only one that its client ever has, without it */
  #run(command: Command, id: number | undefined, context: ApplyContext): AppliedCommand {
    const { client, number, lowest, operations } = command;
    let session = this.#sessions.find(client);
    if (id === undefined) session ??= this.#sessions.open(client);
    // Also the first command of a session that is over, however late it comes, runs no more.
    if (session === undefined || session.life?.opened !== id) {
      return refused(command, 'SESSION_EXPIRED');
    }
    const before = session.bytes;
    session.touch(context.slot);
    session.forgetBelow(lowest);
    this.#sessions.changed(client, session, before);
    // Below the lowest unanswered number no replies are kept, so nothing there may run any more.
    if (number < session.lowest) return refused(command, 'ALREADY_ANSWERED');
    const missing = session.missing(number, operations.length);
    if (missing > 0) {
      // A command runs whole or not at all. The refusal is not remembered: a retry may find room.
      if (!session.hasRoomFor(missing)) return refused(command, 'TOO_MANY_IN_FLIGHT');
      if (this.#sessions.bytes >= MAX_SESSIONS_BYTES) return refused(command, 'SESSIONS_FULL');
      if (this.#asksTooMuch(command)) return refused(command, 'TOO_LARGE');
      if (this.#isOverQuota(command)) this.#refuseMissing(command, session, context);
      else if (missing === operations.length) return this.#runWhole(command, session, context);
      else this.#runMissing(command, session, context);
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
    this.#store(command.client, session, number, results, context);
    this.#operationsApplied += operations.length;
    return { command, outcome: { ok: true, slot: context.slot, results }, duplicate: false };
  }

  /** It would have every member make, and keep, results without end. */
  #asksTooMuch({ operations }: Command): boolean {
    if (operations.length <= MAX_READS || !this.hasBounds) return false;
    const reads = operations.filter((operation) => this.#machine.isRead(operation));
    return reads.length > MAX_READS;
  }

  #isOverQuota({ operations }: Command): boolean {
    return this.#isReadOnly && operations.some((operation) => this.#machine.grows(operation));
  }

  /** Remembered as a reply is: a late copy does not run, also when there is room again. */
  #refuseMissing(
    { client, number, operations }: Command,
    session: Session,
    context: ApplyContext,
  ): void {
    for (let each = number; each < number + operations.length; each++) {
      if (session.reply(each) !== undefined) continue;
      this.#store(client, session, each, [REFUSED], context);
    }
  }

  #runMissing(command: Command, session: Session, context: ApplyContext): void {
    for (const [i, operation] of command.operations.entries()) {
      const number = command.number + i;
      if (session.reply(number) !== undefined) continue;
      const result = this.#machine.apply(this.#tables, operation, context);
      this.#store(command.client, session, number, [result], context);
      this.#operationsApplied++;
    }
  }

  #store(
    client: string,
    session: Session,
    number: number,
    results: readonly (Bytes | typeof REFUSED)[],
    { slot }: ApplyContext,
  ): void {
    const before = session.bytes;
    session.store(number, slot, results);
    this.#sessions.changed(client, session, before);
  }
}

/** The slot is the one in which the last of the operations ran. */
function storedOutcome(session: Session, number: number, count: number): Outcome {
  const results: Bytes[] = [];
  let slot = 0;
  for (let i = 0; i < count; i++) {
    const reply = session.reply(number + i);
    if (reply === undefined) throw new Error(`operation ${number + i} has run but has no reply`);
    if (reply.result === REFUSED) return { ok: false, code: 'QUOTA_EXCEEDED' };
    results.push(reply.result);
    slot = Math.max(slot, reply.slot);
  }
  return { ok: true, slot, results };
}

function refused(command: Command | undefined, code: ErrorCode): AppliedCommand {
  return { command, outcome: { ok: false, code }, duplicate: false };
}
