import { randomBytes } from 'node:crypto';
import { ErrorCode as NatsErrorCode, NatsError, type Msg } from 'nats';
import type { ErrorCode } from '../../contract/src/error-codes.ts';
import {
  encodeFirstConfiguration,
  type FirstConfiguration,
} from '../../contract/src/first-configuration.ts';
import { parseFormAnswer } from '../../contract/src/form.ts';
import type { NatsLink } from '../../link/src/nats-link.ts';
import {
  parseRecoveryAnswer,
  type RecoveryRequest,
  type SetAsideRequest,
} from '../../contract/src/recovery.ts';
import type { SnapshotRequest } from '../../contract/src/snapshot.ts';
import { parseStatus, type MemberStatus } from '../../contract/src/status.ts';
import type { Subjects } from '../../contract/src/subjects.ts';
import { parseTransferAnswer, type TransferRequest } from '../../contract/src/transfer.ts';
import { checkName } from '../../contract/src/arguments.ts';
import { notAllowed, type Refusals } from './refusals.ts';
import { partOf, type SnapshotPart } from './snapshot.ts';
import { SynodError } from '../../contract/src/synod-error.ts';

export interface StatusOptions {
  /** Returns as soon as so many have answered. */
  readonly expect?: number;
  /** Returns a moment after those that have answered are enough: others may answer, too. */
  readonly enough?: (found: readonly MemberStatus[]) => boolean;
  /** How long to wait for answers; default 500. */
  readonly waitMs?: number;
}

/** Of the members that run on one network, each answers within that time of the others. */
const MOMENT_MS = 50;

export interface AdminRequestsOptions {
  readonly link: NatsLink;
  readonly refusals: Refusals;
  readonly subjects: Subjects;
  /** What the subjects begin with at which answers come. */
  readonly inbox: string;
  readonly deadlineMs: number;
}

/** What administrators ask of members, and of the leader. */
export class AdminRequests {
  readonly subjects: Subjects;
  readonly deadlineMs: number;
  readonly #options: AdminRequestsOptions;
  #isClosed = false;

  constructor(options: AdminRequestsOptions) {
    this.subjects = options.subjects;
    this.deadlineMs = options.deadlineMs;
    this.#options = options;
  }

  /** What is asked from now on, and what waits for an answer, ends with `CLOSED`. */
  close(): void {
    this.#isClosed = true;
  }

  /** Asks every member for its status. */
  async status(options: StatusOptions): Promise<MemberStatus[]> {
    if (this.#isClosed) throw new SynodError('CLOSED');
    const { waitMs = 500, expect = Infinity, enough = () => false } = options;
    const found = new Map<string, MemberStatus>();
    const { link, refusals } = this.#options;
    const inbox = `${this.#options.inbox}.${randomBytes(8).toString('hex')}`;
    await new Promise<void>((resolve, reject) => {
      let deadline = setTimeout(finish, waitMs);
      let isEnough = false;
      const unheard = refusals.onPublish(this.subjects.status, finish);
      const take = (message: Msg): void => {
        const status = parseStatus(message.string());
        if (status === undefined) return;
        found.set(status.member, status);
        if (found.size >= expect) return finish();
        if (isEnough || !enough([...found.values()])) return;
        isEnough = true;
        clearTimeout(deadline);
        deadline = setTimeout(finish, MOMENT_MS);
      };
      const answers = link.subscribe(inbox, take, {
        denied: (denial) => finish(notAllowed(denial)),
      });
      link.publish(this.subjects.status, new Uint8Array(), inbox);
      function finish(error?: SynodError): void {
        clearTimeout(deadline);
        unheard();
        answers.end();
        if (error === undefined) resolve();
        else reject(error);
      }
    });
    return [...found.values()].sort((a, b) => (a.name + a.member < b.name + b.member ? -1 : 1));
  }

  /** @returns the id of the new leader */
  async transfer(to: string | undefined): Promise<string> {
    const request: TransferRequest = to === undefined ? {} : { to };
    const text = await this.ask(this.subjects.transfer, JSON.stringify(request), 'NO_LEADER');
    const answer = parseTransferAnswer(text);
    if (answer === undefined) throw new SynodError('MALFORMED', { detail: text });
    if (answer.ok) return answer.leader;
    throw new SynodError(answer.code, to === undefined ? {} : { detail: to });
  }

  /** Tells one member the first configuration of its cluster. */
  async form(member: string, first: FirstConfiguration): Promise<void> {
    checkName('member', member);
    const subject = this.subjects.form(member);
    const text = await this.ask(subject, encodeFirstConfiguration(first), 'NO_MEMBER');
    const answer = parseFormAnswer(text);
    if (answer === undefined) throw new SynodError('MALFORMED', { detail: text });
    if (!answer.ok) throw new SynodError(answer.code, { detail: member });
  }

  /** See recovery.ts. */
  async recover(member: string, request: RecoveryRequest): Promise<void> {
    checkName('member', member);
    await this.#recovery(this.subjects.recover(member), member, request);
  }

  /** See recovery.ts. */
  async setAside(member: string, request: SetAsideRequest): Promise<void> {
    checkName('member', member);
    await this.#recovery(this.subjects.setAside(member), member, request);
  }

  async #recovery(subject: string, member: string, request: SetAsideRequest): Promise<void> {
    const text = await this.ask(subject, JSON.stringify(request), 'NO_MEMBER');
    const answer = parseRecoveryAnswer(text);
    if (answer === undefined) throw new SynodError('MALFORMED', { detail: text });
    if (!answer.ok) throw new SynodError(answer.code, { detail: member });
  }

  /** One part of a snapshot of a member's state: see snapshot.ts. */
  async snapshotPart(
    member: string,
    request: SnapshotRequest,
    timeout: number,
  ): Promise<SnapshotPart> {
    checkName('member', member);
    const subject = this.subjects.snapshot(member);
    const { data } = await this.#ask(subject, JSON.stringify(request), 'NO_MEMBER', timeout);
    return partOf(data, request.at, member);
  }

  /**
   * One request, and its answer.
   * @param absent the code when nobody takes such requests
   */
  async ask(
    subject: string,
    text: string,
    absent: ErrorCode,
    timeout = this.deadlineMs,
  ): Promise<string> {
    return (await this.#ask(subject, text, absent, timeout)).string();
  }

  async #ask(subject: string, text: string, absent: ErrorCode, timeout: number): Promise<Msg> {
    try {
      return await this.#options.link.request(subject, Buffer.from(text), timeout);
    } catch (cause) {
      if (this.#isClosed) throw new SynodError('CLOSED', { cause });
      const isNats = cause instanceof NatsError;
      if (isNats && cause.code === (NatsErrorCode.NoResponders as string)) {
        throw new SynodError(absent, { cause });
      }
      if (isNats && cause.isPermissionError()) {
        const { operation = 'publish', subject: denied = subject } = cause.permissionContext ?? {};
        throw notAllowed(this.#options.link.denial(operation, denied));
      }
      const timedOut = isNats && cause.code === (NatsErrorCode.Timeout as string);
      throw new SynodError(timedOut ? 'TIMED_OUT' : 'UNREACHABLE', { cause });
    }
  }
}
