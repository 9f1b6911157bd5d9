import type { Msg } from 'nats';
import { MAX_UNANSWERED } from '../../contract/src/command.ts';
import type { ErrorCode } from '../../contract/src/error-codes.ts';
import { Parts } from '../../contract/src/parts.ts';
import type { NatsLink } from '../../link/src/nats-link.ts';
import { encodeRead, type Consistency } from '../../contract/src/read-request.ts';
import { parseReplies, type Outcome, type Sizes } from '../../contract/src/reply.ts';
import type { Subjects } from '../../contract/src/subjects.ts';
import { notAllowed, type Refusals } from './refusals.ts';
import { Session } from './session.ts';
import type { Answer } from '../../machines/src/port/calls.ts';
import { SynodError } from '../../contract/src/synod-error.ts';

/** A `read` changes nothing and is not stored: users that may not write may send it. */
export type CommandKind = 'request' | 'read';

export interface LanesOptions {
  readonly link: NatsLink;
  readonly refusals: Refusals;
  /** Where the leader takes commands, and where any member takes reads. */
  readonly subjects: Pick<Subjects, CommandKind>;
  /** The subject on which whoever begins to lead says so. */
  readonly leading: string;
  /** What the subjects begin with at which answers come. */
  readonly inbox: string;
  /** 32 hex digits, drawn for this client alone. */
  readonly client: string;
  readonly deadlineMs: number;
  readonly maxInFlight: number;
}

/** A request from its call to its result. */
interface Request {
  readonly kind: CommandKind;
  /** It opens the session that the commands wait for. */
  readonly isOpening: boolean;
  /** Of a read. */
  readonly consistency: Consistency;
  readonly operations: readonly Uint8Array[];
  readonly bytes: number;
  readonly deadline: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: SynodError) => void;
  /** Of its first operation; kept over retries, so that a command runs once. */
  number: number;
  lane: number;
  sentAt: number;
  retryAt: number;
  silence: number;
  pause: number;
  /** How often it was sent and not refused: while it is none, no member has it. */
  open: number;
  /** The session that it runs in, once it was sent; and how often it was sent there. */
  session: number | undefined;
  sends: number;
  /** What the last answer to it was, if that was one which another try may overcome. */
  refusal: ErrorCode | undefined;
  settled: boolean;
}

type Asked = Pick<
  Request,
  'kind' | 'isOpening' | 'consistency' | 'operations' | 'resolve' | 'reject'
>;

/**
 * Bytes of operations that are under way at a time; a larger request goes alone. What is beyond
 * waits here: sent, it would only be refused, and sent again.
 */
const IN_FLIGHT_BYTES = 4 * 1024 * 1024;
const SWEEP_MS = 5;
const FIRST_SILENCE_MS = 1_000;
/** Another member may answer: a read that is sent again costs little. */
const FIRST_READ_SILENCE_MS = 500;
const LONGEST_SILENCE_MS = 4_000;
/** No command's number comes so far. */
const SESSIONS_FROM = 2 ** 46;
const READS_FROM = 2 ** 47;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;

/**
 * When another member leads, what is unanswered is sent again so soon: by chance, as others do it,
 * too, and later the more there is; and so long after it was sent last, however often that is said.
 */
const SPREAD_MS = 5;
const SPREAD_EACH_MS = 0.1;
const AGAIN_MS = 30;
/** Whoever has a read need not be the member that led: it is likely to answer yet. */
const READ_AGAIN_MS = 200;

/** Refusals that another try may overcome. */
const transient: ReadonlySet<ErrorCode> = new Set([
  'NO_LEADER',
  'NOT_LEADING',
  'NOT_SERVING',
  'OVERLOADED',
  'SESSIONS_FULL',
  'GARBLED',
]);

/**
 * The requests of one client in flight: each has a lane of its own, which is reused after it. A
 * request is sent again after silence and after a transient refusal, with its number, until it is
 * answered or its deadline passes.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #inbox: string;
  readonly #lanes: (Request | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #parts = new Parts();
  readonly #waiting: Request[] = [];
  /** Commands in the order of their numbers, the lowest unanswered first; later may be settled. */
  readonly #admitted: Request[] = [];
  #inFlight = 0;
  #inFlightBytes = 0;
  readonly #sweeper: NodeJS.Timeout;
  #lastNumber = 0;
  readonly #session: Session;
  /** The id of the cluster that answered last; `undefined` before any answer. */
  #cluster: string | undefined;
  #isOpening = false;
  /** What opens and closes sessions is numbered apart. */
  #lastOpening = SESSIONS_FROM;
  /** Reads are numbered apart: no session has them, and no answer to one is that of a command. */
  #lastRead = READS_FROM;
  #closed = false;
  #deaf: SynodError | undefined;

  constructor(options: LanesOptions) {
    this.#options = options;
    this.#session = new Session(options.client, options.deadlineMs);
    this.#inbox = `${options.inbox}.${options.client}`;
    const { link, refusals, subjects } = options;
    const take = ({ subject, data, headers }: Msg): void => {
      const last = subject.slice(this.#inbox.length + 1);
      if (last === 'replies') return this.#replies(data);
      // The server itself answers when nobody is there to take the command.
      if (headers?.code === 503) this.#refused(this.#lanes[Number(last)], 'NO_LEADER');
    };
    link.subscribe(`${this.#inbox}.*`, take, {
      denied: (denial) => this.#deafened(notAllowed(denial)),
    });
    link.subscribe(options.leading, () => this.#led());
    refusals.onConnected(() => this.#sendAll());
    for (const kind of ['request', 'read'] as const) {
      refusals.onPublish(subjects[kind], (error) => this.#rejectAll(error, kind));
    }
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** Why it could hear no answers, when it was connected or later; `undefined` when it could. */
  get deaf(): SynodError | undefined {
    return this.#deaf;
  }

  #deafened(error: SynodError): void {
    this.#deaf = error;
    this.#rejectAll(error);
  }

  /** @throws SynodError by rejection: refused for good, or not answered before the deadline */
  request(operations: readonly Uint8Array[]): Promise<Answer> {
    return this.#call('request', operations, 'linearizable');
  }

  /** Sends operations that change nothing. @throws as `request` */
  read(operations: readonly Uint8Array[], consistency: Consistency): Promise<Answer> {
    return this.#call('read', operations, consistency);
  }

  #call(
    kind: CommandKind,
    operations: readonly Uint8Array[],
    consistency: Consistency,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new SynodError('CLOSED'));
      if (operations.length > MAX_UNANSWERED) return reject(new SynodError('TOO_LARGE'));
      const asked = { kind, isOpening: false, consistency, operations, resolve, reject };
      this.#waiting.push(this.#unsent(asked));
      this.#admit();
    });
  }

  /** Written out, field by field: a spread of these costs as much as all else here. */
  #unsent({ kind, isOpening, consistency, operations, resolve, reject }: Asked): Request {
    let bytes = 0;
    for (const { length } of operations) bytes += length;
    return {
      kind,
      isOpening,
      consistency,
      operations,
      bytes,
      deadline: performance.now() + this.#options.deadlineMs,
      resolve,
      reject,
      number: 0,
      lane: -1,
      sentAt: 0,
      retryAt: 0,
      silence: firstSilence(kind),
      pause: 0,
      open: 0,
      session: undefined,
      sends: 0,
      refusal: undefined,
      settled: false,
    };
  }

  #admit(): void {
    for (;;) {
      const [request] = this.#waiting;
      if (request === undefined || !this.#hasRoomFor(request)) return;
      this.#waiting.shift();
      this.#number(request);
      this.#begin(request);
    }
  }

  #begin(request: Request): void {
    this.#inFlight += 1;
    this.#inFlightBytes += request.bytes;
    request.lane = this.#free.pop() ?? this.#lanes.length;
    this.#lanes[request.lane] = request;
    this.#send(request);
  }

  /** The commands that wait for the session are sent once it is there, or share its refusal. */
  #openSession(): void {
    if (this.#isOpening || this.#closed) return;
    this.#isOpening = true;
    const over = (done: () => void): void => {
      this.#isOpening = false;
      done();
    };
    const request = this.#unsent({
      kind: 'request',
      isOpening: true,
      consistency: 'linearizable',
      operations: [],
      resolve: ({ slot }) =>
        over(() => {
          this.#session.opened(slot, request.sentAt);
          for (const waiting of this.#sessionless()) this.#send(waiting);
        }),
      reject: (error) =>
        over(() => {
          const isLate = error.code === 'TIMED_OUT'; // They have deadlines of their own.
          if (isLate && this.#sessionless().length > 0) return this.#openSession();
          for (const waiting of this.#sessionless()) {
            this.#settle(waiting, () => waiting.reject(error));
          }
        }),
    });
    this.#lastOpening += 1;
    request.number = this.#lastOpening;
    this.#begin(request);
  }

  /** The commands in a lane that belong to no session yet. */
  #sessionless(): Request[] {
    const requests = this.#lanes.filter((request) => request !== undefined);
    return requests.filter((request) => this.#lacksSession(request));
  }

  #hasRoomFor({ kind, operations, bytes }: Request): boolean {
    if (this.#inFlight >= this.#options.maxInFlight) return false;
    if (this.#inFlight > 0 && this.#inFlightBytes + bytes > IN_FLIGHT_BYTES) return false;
    const [lowest] = this.#admitted;
    if (lowest === undefined || kind === 'read') return true;
    const unanswered = this.#lastNumber + 1 - lowest.number;
    return unanswered + operations.length <= MAX_UNANSWERED;
  }

  #number(request: Request): void {
    if (request.kind === 'read') {
      this.#lastRead += 1;
      request.number = this.#lastRead;
      return;
    }
    request.number = this.#lastNumber + 1;
    this.#lastNumber += request.operations.length;
    this.#admitted.push(request);
  }

  #send(request: Request): void {
    const { link, subjects } = this.#options;
    const { kind, lane } = request;
    request.sentAt = performance.now();
    request.retryAt = request.sentAt + request.silence;
    request.silence = Math.min(2 * request.silence, LONGEST_SILENCE_MS);
    const bytes = this.#encode(request);
    const most = link.maxPayload;
    if (bytes.length > most) return this.#tooLarge(request, { bytes: bytes.length, most });
    if (this.#lacksSession(request)) return this.#openSession();
    link.publish(subjects[kind], bytes, `${this.#inbox}.${lane}`);
    request.open += 1;
    if (link.isConnected) request.sends += 1; // Else it went nowhere.
  }

  #encode(request: Request): Uint8Array {
    const { kind, isOpening, number, operations, consistency } = request;
    if (kind === 'read') return encodeRead({ number, consistency, operations });
    if (isOpening) return this.#session.openingCommand(number);
    request.session ??= this.#session.idAt(request.sentAt);
    const lowest = this.#admitted[0]?.number ?? number;
    // Without a session, its size is looked at all the same.
    return this.#session.command({ number, lowest, operations }, request.session ?? 0);
  }

  #lacksSession({ kind, isOpening, session }: Request): boolean {
    return kind === 'request' && !isOpening && session === undefined;
  }

  /** What was sent before may be lost. */
  #sendAll(): void {
    for (const request of [...this.#lanes]) {
      if (request === undefined) continue;
      request.silence = firstSilence(request.kind);
      this.#send(request);
    }
  }

  /** Another member leads: what the one before it had is lost, if that one was killed. */
  #led(): void {
    const now = performance.now();
    const spread = SPREAD_MS + SPREAD_EACH_MS * this.#inFlight;
    for (const request of this.#lanes) {
      if (request === undefined) continue;
      const { kind, sentAt, retryAt } = request;
      const rest = kind === 'read' ? READ_AGAIN_MS : AGAIN_MS;
      const again = Math.max(now + Math.random() * spread, sentAt + rest);
      request.retryAt = Math.min(retryAt, again);
      request.silence = firstSilence(kind);
      request.pause = 0;
    }
  }

  #replies(data: Uint8Array): void {
    const whole = this.#parts.take(data);
    if (!(whole instanceof Uint8Array)) return; // A part of an answer; or it came changed.
    const { clusterId, replies } = parseReplies(whole) ?? { replies: [] };
    for (const { lane, number, outcome } of replies) {
      const request = this.#lanes[lane];
      if (request?.number !== number) continue; // It is stale.
      const isSame = this.#cluster === undefined || this.#cluster === clusterId;
      this.#cluster = clusterId;
      if (!isSame) return this.#clusterChanged();
      this.#outcome(request, outcome);
    }
  }

  #outcome(request: Request, outcome: Outcome): void {
    if (!outcome.ok) {
      const { code, retryAfterMs, sizes } = outcome;
      return this.#refused(request, code, retryAfterMs, sizes);
    }
    if (request.session !== undefined) this.#session.used(request.session, request.sentAt);
    this.#settle(request, () => request.resolve(outcome));
  }

  /** What it was answered before may be lost: each call that waits or is under way is told. */
  #clusterChanged(): void {
    this.#session.lost();
    const error = new SynodError('CLUSTER_CHANGED');
    for (const request of this.#waiting.splice(0)) request.reject(error);
    this.#rejectAll(error);
  }

  /**
   * The session has ended. What was sent there once, and refused, has not run, and runs in another
   * one; an earlier copy of what was sent more often may have run.
   */
  #expired(request: Request): void {
    this.#session.ended(request.session);
    if (request.sends > 1) {
      return this.#settle(request, () => request.reject(new SynodError('SESSION_EXPIRED')));
    }
    request.session = undefined;
    request.sends = 0;
    this.#send(request);
  }

  #refused(request: Request | undefined, code: ErrorCode, hint = 0, sizes?: Sizes): void {
    if (request === undefined) return;
    request.open -= 1;
    if (sizes !== undefined) return this.#tooLarge(request, sizes);
    if (code === 'SESSION_EXPIRED' && !request.isOpening) return this.#expired(request);
    if (!transient.has(code)) {
      return this.#settle(request, () => request.reject(new SynodError(code)));
    }
    request.refusal = code;
    const longer = Math.max(FIRST_PAUSE_MS, request.pause * 2, hint);
    request.pause = Math.min(longer, Math.max(LONGEST_PAUSE_MS, hint));
    request.retryAt = performance.now() + request.pause * (0.5 + Math.random() / 2);
  }

  /** What is open may still be decided: it was sent when the cluster took larger commands. */
  #tooLarge(request: Request, { bytes, most }: Sizes): void {
    const code = request.open > 0 ? 'TIMED_OUT' : 'TOO_LARGE';
    const detail = `it has ${bytes} bytes, and ${most} is the most now`;
    this.#settle(request, () => request.reject(new SynodError(code, { detail })));
  }

  #settle(request: Request, finish: () => void): void {
    if (request.settled) return; // With the one that opened its session, say.
    request.settled = true;
    this.#inFlight -= 1;
    this.#inFlightBytes -= request.bytes;
    while (this.#admitted[0]?.settled === true) this.#admitted.shift();
    this.#lanes[request.lane] = undefined;
    this.#free.push(request.lane);
    finish();
    this.#admit();
  }

  /** One timer for all: sends again what was silent or refused, gives up what is too late. */
  #sweep(): void {
    const now = performance.now();
    for (const request of this.#lanes) {
      if (request === undefined) continue;
      if (now >= request.deadline) {
        this.#settle(request, () => request.reject(this.#tooLate(request)));
      } else if (now >= request.retryAt) {
        this.#send(request);
      }
    }
    for (let first = this.#waiting[0]; first && now >= first.deadline; first = this.#waiting[0]) {
      this.#waiting.shift();
      first.reject(this.#tooLate(first));
    }
  }

  #tooLate(request: Request): SynodError {
    const { shutOut } = this.#options.refusals;
    if (shutOut !== undefined) return new SynodError('TIMED_OUT', { detail: shutOut.sentence });
    // Without a session it was never sent: what the opening of one was told is the reason.
    const asked = this.#lacksSession(request)
      ? this.#lanes.find((each) => each?.isOpening)
      : request;
    const { refusal } = asked ?? request;
    return new SynodError('TIMED_OUT', refusal && { detail: `the last answer was ${refusal}` });
  }

  /** @param kind only of that kind; without it, all */
  #rejectAll(error: SynodError, kind?: CommandKind): void {
    for (const request of [...this.#lanes]) {
      if (request === undefined || (kind !== undefined && request.kind !== kind)) continue;
      this.#settle(request, () => request.reject(error));
    }
  }

  /** Rejects what is not answered. @returns whether something was sent that has to leave yet */
  close(): boolean {
    this.#closed = true;
    const { link, subjects } = this.#options;
    const closing = this.#session.closingCommand(this.#lastOpening + 1);
    // Nobody waits for the answer: what is lost here ends by its silence.
    if (closing !== undefined) link.publish(subjects.request, closing, `${this.#inbox}.0`);
    clearInterval(this.#sweeper);
    const open = [...this.#lanes, ...this.#waiting];
    this.#lanes.length = 0;
    this.#waiting.length = 0;
    for (const request of open) request?.reject(new SynodError('CLOSED'));
    return closing !== undefined;
  }
}

function firstSilence(kind: CommandKind): number {
  return kind === 'read' ? FIRST_READ_SILENCE_MS : FIRST_SILENCE_MS;
}
