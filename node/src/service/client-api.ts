import { asBuffer } from '../../../contract/src/bytes.ts';
import { partsOf } from '../../../contract/src/parts.ts';
import type { Interest, NatsLink } from '../../../contract/src/nats-link.ts';
import { encodeReplies, type Outcome, type Reply } from '../../../contract/src/reply.ts';
import type { Subjects } from '../../../contract/src/subjects.ts';
import type { Driver } from './driver.ts';

type Submit = Driver['submit'];

/** An answer may be so large, or as large as a message: what is larger than that goes in parts. */
const LARGEST_ANSWER = 1024 * 1024;
const ANSWER_TOO_LARGE: Outcome = { ok: false, code: 'ANSWER_TOO_LARGE' };

/** Why a request was dropped without an answer. */
export type RequestDropReason = 'no-reply-lane';

/**
 * What clients reach over NATS: commands while this member leads.
 * Answers that become ready together travel in one message to each client.
 */
export class ClientApi {
  readonly #connection: NatsLink;
  readonly #subjects: Subjects;
  readonly #driver: Driver;
  readonly #onDropped: (reason: RequestDropReason, detail: string) => void;
  #whileLeading: readonly Interest[] = [];
  readonly #replies = new Map<string, Reply[]>();

  /** @param onDropped a request came that cannot even be refused */
  constructor(
    connection: NatsLink,
    subjects: Subjects,
    driver: Driver,
    onDropped: (reason: RequestDropReason, detail: string) => void,
  ) {
    this.#connection = connection;
    this.#subjects = subjects;
    this.#driver = driver;
    this.#onDropped = onDropped;
  }

  /** Only the active leader has interest in requests: "no responders" tells that there is none. */
  set leading(leading: boolean) {
    if (leading === this.#whileLeading.length > 0) return;
    for (const interest of this.#whileLeading) interest.end();
    const { request, read } = this.#subjects;
    const [connection, driver] = [this.#connection, this.#driver];
    this.#whileLeading = leading
      ? [
          connection.subscribe(request, ({ data, reply }) =>
            this.#take(data, reply, (command, answer) => driver.submit(command, answer)),
          ),
          connection.subscribe(read, ({ data, reply }) =>
            this.#take(data, reply, (command, answer) => driver.submitRead(command, answer)),
          ),
        ]
      : [];
  }

  #take(data: Uint8Array, replyTo = '', submit: Submit): void {
    const dot = replyTo.lastIndexOf('.');
    const inbox = replyTo.slice(0, dot);
    const lane = Number(replyTo.slice(dot + 1));
    if (dot < 0 || !/^\d{1,9}$/.test(replyTo.slice(dot + 1))) {
      return this.#onDropped('no-reply-lane', `reply subject ${JSON.stringify(replyTo)}`);
    }
    const command = asBuffer(data);
    // The number stands where contract/src/command.ts has it; a malformed command is answered too.
    const number = command.length >= 23 ? command.readUIntBE(17, 6) : 0;
    submit(command, (outcome) => {
      this.#reply(`${inbox}.replies`, { lane, number, outcome });
    });
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
    const data = encodeReplies(replies);
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
    connection.publish(subject, encodeReplies(refused));
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
