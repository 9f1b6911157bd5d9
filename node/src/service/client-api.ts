import type { Msg } from 'nats';
import { asBuffer } from '../../../contract/src/bytes.ts';
import { partsOf } from '../../../contract/src/parts.ts';
import type { Interest, NatsLink } from '../../../link/src/nats-link.ts';
import { parseRead } from '../../../contract/src/read-request.ts';
import {
  encodeReplies,
  LARGEST_ANSWER,
  type Outcome,
  type Reply,
} from '../../../contract/src/reply.ts';
import { clientRoles } from '../../../contract/src/roles.ts';
import type { Subjects } from '../../../contract/src/subjects.ts';
import type { Driver } from './driver.ts';

const ANSWER_TOO_LARGE: Outcome = { ok: false, code: 'ANSWER_TOO_LARGE' };

/** Why a request was dropped without an answer. */
export type RequestDropReason = 'no-reply-lane';

/**
 * What clients reach over NATS: commands while this member leads, and reads at any member.
 * Answers that become ready together travel in one message to each client.
 */
export class ClientApi {
  readonly #clusterId: string;
  readonly #connection: NatsLink;
  readonly #subjects: Subjects;
  readonly #driver: Driver;
  readonly #onDropped: (reason: RequestDropReason, detail: string) => void;
  readonly #failed: (cause: unknown) => void;
  #whileLeading: Interest | undefined;
  #whileReading: Interest | undefined;
  readonly #replies = new Map<string, Reply[]>();

  /**
   * @param onDropped a request came that cannot even be refused
   * @param failed something threw while it was taken in
   */
  constructor(
    clusterId: string,
    connection: NatsLink,
    subjects: Subjects,
    driver: Driver,
    onDropped: (reason: RequestDropReason, detail: string) => void,
    failed: (cause: unknown) => void,
  ) {
    this.#clusterId = clusterId;
    this.#connection = connection;
    this.#subjects = subjects;
    this.#driver = driver;
    this.#onDropped = onDropped;
    this.#failed = failed;
  }

  /** Only the active leader has interest in requests: "no responders" tells that there is none. */
  set leading(leading: boolean) {
    if (leading === (this.#whileLeading !== undefined)) return;
    // What is on its way is refused at once, so that clients need not wait for nothing.
    this.#whileLeading?.drain();
    this.#whileLeading = leading
      ? this.#connection.subscribe(this.#subjects.request, (message) => this.#request(message))
      : undefined;
    if (leading) this.#tellClients();
  }

  /** What the leader before had, and did not answer, they send again at once. */
  #tellClients(): void {
    for (const role of clientRoles) {
      this.#connection.publish(this.#subjects.leading(role), new Uint8Array());
    }
  }

  /** Of all members that serve reads, the broker gives each read to one. */
  set reading(reading: boolean) {
    if (reading === (this.#whileReading !== undefined)) return;
    this.#whileReading?.drain();
    const { read } = this.#subjects;
    this.#whileReading = reading
      ? this.#connection.subscribe(read, (message) => this.#read(message), { queue: 'members' })
      : undefined;
  }

  #request({ data, reply }: Msg): void {
    const command = asBuffer(data);
    // The number stands where contract/src/command.ts has it; a malformed command is answered too.
    const number = command.length >= 23 ? command.readUIntBE(17, 6) : 0;
    const answer = this.#answerTo(reply, number);
    if (answer === undefined) return;
    this.#guard(answer, () => this.#driver.submit(command, answer, 'refused'));
  }

  /** No request may end one leader after the other: whoever sent it is told, and so is the log. */
  #guard(answer: (outcome: Outcome) => void, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#failed(error);
      answer({ ok: false, code: 'FAILED' });
    }
  }

  #read({ data, reply }: Msg): void {
    const request = parseRead(data);
    const answer = this.#answerTo(reply, request.number);
    if (answer === undefined) return;
    if ('bad' in request) answer({ ok: false, code: request.bad });
    else this.#guard(answer, () => this.#driver.read(request, answer));
  }

  /** @returns `undefined` when nobody could be answered */
  #answerTo(replyTo = '', number: number): ((outcome: Outcome) => void) | undefined {
    const dot = replyTo.lastIndexOf('.');
    const inbox = replyTo.slice(0, dot);
    const lane = Number(replyTo.slice(dot + 1));
    if (dot < 0 || !/^\d{1,9}$/.test(replyTo.slice(dot + 1))) {
      this.#onDropped('no-reply-lane', `reply subject ${JSON.stringify(replyTo)}`);
      return undefined;
    }
    return (outcome) => this.#reply(`${inbox}.replies`, { lane, number, outcome });
  }

  #reply(subject: string, reply: Reply): void {
    if (this.#replies.size === 0) queueMicrotask(() => this.#send());
    const ready = this.#replies.get(subject);
    if (ready === undefined) this.#replies.set(subject, [reply]);
    else ready.push(reply);
  }

  #send(): void {
    const limit = this.#connection.maxPayload / 2;
    for (const [subject, replies] of this.#replies) {
      for (const some of split(replies, limit)) this.#publish(subject, some);
    }
    this.#replies.clear();
  }

  #publish(subject: string, replies: readonly Reply[]): void {
    const connection = this.#connection;
    const clusterId = this.#clusterId;
    const data = encodeReplies({ clusterId, replies });
    if (connection.publish(subject, data)) return;
    if (data.length <= LARGEST_ANSWER) {
      for (const part of partsOf(data, connection.maxPayload)) connection.publish(subject, part);
      return;
    }
    const refused = replies.map(({ lane, number }) => ({
      lane,
      number,
      outcome: ANSWER_TOO_LARGE,
    }));
    connection.publish(subject, encodeReplies({ clusterId, replies: refused }));
  }
}

function split(replies: readonly Reply[], limit: number): Reply[][] {
  const parts: Reply[][] = [[]];
  let bytes = 0;
  for (const reply of replies) {
    const { outcome } = reply;
    let size = 64;
    if (outcome.ok) for (const result of outcome.results) size += 8 + result.length;
    if (bytes > 0 && bytes + size > limit) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(reply);
    bytes += size;
  }
  return parts;
}
