import { randomBytes } from 'node:crypto';
import {
  connect as connectNats,
  ErrorCode as NatsErrorCode,
  NatsError,
  type NatsConnection,
} from 'nats';
import {
  encodeChatOperation,
  parseChatResult,
  type ChatOperation,
  type ChatResult,
} from '../../../contract/src/chat-log.ts';
import {
  encodeCounterOperation,
  parseCounterResult,
  type CounterOperation,
} from '../../../contract/src/counter.ts';
import {
  encodeFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';
import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import { parseFormAnswer } from '../../../contract/src/form.ts';
import { parseStatus, type MemberStatus } from '../../../contract/src/status.ts';
import { subjectsOf, type Subjects } from '../../../contract/src/subjects.ts';
import { parseTransferAnswer, type TransferRequest } from '../../../contract/src/transfer.ts';
import { Lanes, type Answer } from './lanes.ts';
import { SynodError } from './synod-error.ts';

export { SynodError };

export interface ConnectOptions {
  readonly natsUrl: string;
  /** The cluster's name. */
  readonly cluster: string;
  /** Its namespace; `local` outside Kubernetes. */
  readonly namespace?: string;
  /** Every call ends within that many milliseconds, with a result or an error. */
  readonly deadlineMs?: number;
  /** Requests that are under way at a time; more wait in order. */
  readonly maxInFlight?: number;
}

/**
 * Connects to a cluster.
 * @throws SynodError `UNREACHABLE` when NATS does not answer in time
 */
export async function connect(options: ConnectOptions): Promise<SynodClient> {
  const { natsUrl, deadlineMs = 10_000 } = options;
  const client = randomBytes(16).toString('hex');
  try {
    const connection = await connectNats({
      servers: natsUrl,
      name: `synod client ${client.slice(0, 8)}`,
      timeout: Math.min(deadlineMs, 5_000),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      pingInterval: 5_000,
      noAsyncTraces: true,
    });
    return new SynodClient(connection, client, options);
  } catch (cause) {
    throw new SynodError('UNREACHABLE', { cause, detail: natsUrl });
  }
}

/**
 * A client of one cluster. Commands run exactly once, however often they had to be sent; each call
 * ends within the deadline, with its result or a `SynodError`.
 */
export class SynodClient {
  readonly #connection: NatsConnection;
  readonly #subjects: Subjects;
  readonly #lanes: Lanes;
  readonly #deadlineMs: number;

  /** Use `connect`. */
  constructor(connection: NatsConnection, client: string, options: ConnectOptions) {
    const { namespace = 'local', cluster, deadlineMs = 10_000, maxInFlight = 1024 } = options;
    this.#connection = connection;
    this.#deadlineMs = deadlineMs;
    this.#subjects = subjectsOf(namespace, cluster);
    const subject = this.#subjects.request;
    this.#lanes = new Lanes({ connection, subject, client, deadlineMs, maxInFlight });
  }

  /** Proposes operations of the cluster's machine; they run in order, each exactly once. */
  propose(operations: readonly Uint8Array[]): Promise<Answer> {
    return this.#lanes.request(operations);
  }

  /**
   * Appends a text to the chat log.
   * @returns its slot and position; `existed` when the text was there before
   */
  async append(text: string): Promise<{ slot: number; position: number; existed: boolean }> {
    if (!text.isWellFormed()) {
      throw new SynodError('INVALID_OPERATION', { detail: 'the text has half a character' });
    }
    const { slot, result } = await this.#chat({ type: 'append', text });
    if (result.type !== 'appended') throw new SynodError('INVALID_OPERATION');
    return { slot, position: result.position, existed: result.existed };
  }

  /** Reads texts of the chat log, linearizably: the read is a command in the log. */
  async readTexts(
    page: { readonly from?: number; readonly limit?: number } = {},
  ): Promise<{ texts: readonly string[]; total: number }> {
    const { from = 0, limit = 1000 } = page;
    const { result } = await this.#chat({ type: 'read', from, limit });
    if (result.type !== 'texts') throw new SynodError('INVALID_OPERATION');
    return { texts: result.texts, total: result.total };
  }

  async #chat(operation: ChatOperation): Promise<{ slot: number; result: ChatResult }> {
    const { slot, results } = await this.propose([encodeChatOperation(operation)]);
    return { slot, result: parseChatResult(results[0] ?? new Uint8Array()) };
  }

  /** Adds to a register of the counter machine. @returns the register after it */
  async add(register: string, delta: number): Promise<RegisterValue> {
    return this.#counter({ type: 'add', register, delta });
  }

  /** Reads a register of the counter machine, linearizably. */
  async readRegister(register: string): Promise<RegisterValue> {
    return this.#counter({ type: 'read', register });
  }

  async #counter(operation: CounterOperation): Promise<RegisterValue> {
    const { slot, results } = await this.propose([encodeCounterOperation(operation)]);
    const result = parseCounterResult(results[0] ?? new Uint8Array());
    if (result === undefined) throw new SynodError('INVALID_OPERATION');
    return { slot, ...result };
  }

  /**
   * Asks every member for its status.
   * @param options.expect returns as soon as so many have answered
   * @param options.waitMs how long to wait for answers; default 500
   */
  async status(
    options: { readonly waitMs?: number; readonly expect?: number } = {},
  ): Promise<MemberStatus[]> {
    const { waitMs = 500, expect = Infinity } = options;
    const found = new Map<string, MemberStatus>();
    const inbox = `_INBOX.synod.${randomBytes(8).toString('hex')}`;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(finish, waitMs);
      const answers = this.#connection.subscribe(inbox, {
        callback: (error, message) => {
          const status = error === null ? parseStatus(message.string()) : undefined;
          if (status !== undefined) found.set(status.member, status);
          if (found.size >= expect) finish();
        },
      });
      this.#connection.publish(this.#subjects.status, new Uint8Array(), { reply: inbox });
      function finish(): void {
        clearTimeout(deadline);
        answers.unsubscribe();
        resolve();
      }
    });
    return [...found.values()].sort((a, b) => (a.name + a.member < b.name + b.member ? -1 : 1));
  }

  /**
   * Has another member lead. Commands that are under way run all the same, once each.
   * @param to a voter's id; without it the leader chooses who has applied the most
   * @returns the id of the new leader
   * @throws SynodError `NO_LEADER`, `UNKNOWN_MEMBER`, or `NOT_TRANSFERRED`: the leader leads on
   */
  async transferLeadership(to?: string): Promise<string> {
    const request: TransferRequest = to === undefined ? {} : { to };
    const text = await this.#ask(this.#subjects.transfer, JSON.stringify(request), 'NO_LEADER');
    const answer = parseTransferAnswer(text);
    if (answer === undefined) throw new SynodError('MALFORMED', { detail: text });
    if (answer.ok) return answer.leader;
    throw new SynodError(answer.code, to === undefined ? {} : { detail: to });
  }

  /**
   * Tells one member the first configuration of its cluster, which it stores for ever. For whoever
   * makes a cluster: see "Identity" in ARCHITECTURE.md.
   * @throws SynodError `NO_MEMBER`, `ANOTHER_CLUSTER`, `DAMAGED`
   */
  async form(member: string, first: FirstConfiguration): Promise<void> {
    const subject = this.#subjects.form(member);
    const text = await this.#ask(subject, encodeFirstConfiguration(first), 'NO_MEMBER');
    const answer = parseFormAnswer(text);
    if (answer === undefined) throw new SynodError('MALFORMED', { detail: text });
    if (!answer.ok) throw new SynodError(answer.code, { detail: member });
  }

  /**
   * One request, and its answer.
   * @param absent the code when nobody takes such requests
   */
  async #ask(subject: string, text: string, absent: ErrorCode): Promise<string> {
    try {
      const timeout = this.#deadlineMs;
      return (await this.#connection.request(subject, Buffer.from(text), { timeout })).string();
    } catch (cause) {
      const isNats = cause instanceof NatsError;
      if (isNats && cause.code === (NatsErrorCode.NoResponders as string)) {
        throw new SynodError(absent, { cause });
      }
      const timedOut = isNats && cause.code === (NatsErrorCode.Timeout as string);
      throw new SynodError(timedOut ? 'TIMED_OUT' : 'UNREACHABLE', { cause });
    }
  }

  async close(): Promise<void> {
    this.#lanes.close();
    await this.#connection.close();
  }
}

/** A register of the counter machine: see contract/src/counter.ts. */
export interface RegisterValue {
  readonly slot: number;
  readonly value: number;
  readonly position: number;
}
