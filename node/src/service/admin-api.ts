import type { Msg } from 'nats';
import type { MembershipAnswer } from '../../../contract/src/membership.ts';
import type { Interest, NatsLink } from '../../../link/src/nats-link.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import type { Subjects } from '../../../contract/src/subjects.ts';
import { parseTransferRequest, type TransferAnswer } from '../../../contract/src/transfer.ts';
import type { Driver } from './driver.ts';
import type { Logger } from '../../../host/src/logger.ts';
import { Membership } from './membership.ts';

type Answer = MemberStatus | TransferAnswer | MembershipAnswer;

/** A member that takes over does so within a round trip and a sync. */
const TRANSFER_MS = 2_000;

/** What administrators and the operator reach over NATS. */
export class AdminApi {
  readonly #connection: NatsLink;
  readonly #subjects: Subjects;
  readonly #log: Logger;
  /** Of the subjects that only the active leader has interest in. */
  #whileLeading: readonly Interest[] = [];

  /** @param status answers every status request, also of a member without roles */
  constructor(connection: NatsLink, subjects: Subjects, log: Logger, status: () => MemberStatus) {
    this.#connection = connection;
    this.#subjects = subjects;
    this.#log = log;
    this.#take(subjects.status, status);
  }

  /**
   * Only the active leader takes requests to hand over, and to change the members.
   * @param driver the leader's; `undefined` when it leads no longer
   */
  set leading(driver: Driver | undefined) {
    for (const interest of this.#whileLeading) interest.end();
    this.#whileLeading = [];
    if (driver === undefined) return;
    const membership = new Membership(driver, this.#log);
    this.#whileLeading = [
      this.#take(this.#subjects.transfer, (text) => this.#transfer(driver, text)),
      this.#take(this.#subjects.membership, (text) => membership.answer(text)),
    ];
  }

  #take(subject: string, answer: (text: string) => Answer | Promise<Answer>): Interest {
    return this.#connection.subscribe(subject, (message) => {
      void this.#respond(message, answer);
    });
  }

  /** What throws is the member's fault: whoever asked is told so, and nobody else suffers. */
  async #respond(
    { subject, reply = '', data }: Msg,
    answer: (text: string) => Answer | Promise<Answer>,
  ): Promise<void> {
    const failed = (err: unknown): Answer => {
      this.#log.error({ err, subject }, 'an answer failed');
      return { ok: false, code: 'FAILED' };
    };
    const answered = (async () => answer(Buffer.from(data).toString()))();
    const text = JSON.stringify(await answered.catch(failed));
    if (reply === '' || this.#connection.publish(reply, Buffer.from(text))) return;
    const refusal: Answer = { ok: false, code: 'ANSWER_TOO_LARGE' };
    this.#connection.publish(reply, Buffer.from(JSON.stringify(refusal)));
  }

  async #transfer(driver: Driver, text: string): Promise<TransferAnswer> {
    const request = parseTransferRequest(text);
    if (request === undefined) return { ok: false, code: 'MALFORMED' };
    const { self, configurations } = driver.member;
    const { to } = request;
    if (to !== undefined && !configurations.newest.voters.includes(to)) {
      return { ok: false, code: 'UNKNOWN_MEMBER' };
    }
    if (to === self) return { ok: true, leader: self };
    const leader = await handOver(driver, TRANSFER_MS, to);
    if (leader === undefined || (to !== undefined && leader !== to)) {
      return { ok: false, code: 'NOT_TRANSFERRED' };
    }
    return { ok: true, leader };
  }
}

/**
 * Asks another member to lead.
 * @param waitMs how long to wait until it does
 * @param to without it, the member that has applied the most
 * @returns who leads then; `undefined` when this member still does, or nobody is known to lead
 */
export async function handOver(
  driver: Driver,
  waitMs: number,
  to?: string,
): Promise<string | undefined> {
  const { member } = driver;
  driver.input({ type: 'hand-over', ...(to === undefined ? {} : { to }) });
  const next = (): string | undefined =>
    member.leader === member.self ? undefined : member.leader;
  await driver.until(() => next() !== undefined, waitMs);
  return next();
}
