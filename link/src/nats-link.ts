import { setTimeout as delay } from 'node:timers/promises';
import {
  DebugEvents,
  ErrorCode,
  Events,
  NatsError,
  type Msg,
  type NatsConnection,
  type Subscription,
} from 'nats';
import { messageOf, userOf, type NatsTrouble } from './nats-access.ts';
import { NatsDialer, type DialOptions } from './nats-dialer.ts';

export interface NatsLinkOptions extends DialOptions {
  /** How long it is before the next try. */
  readonly retryMs?: number;
}

/** What NATS does not allow its user. */
export interface NatsDenial {
  readonly operation: string;
  readonly subject: string;
  /** Has no full stop. */
  readonly sentence: string;
}

export interface NatsLinkEvents {
  /** Also the first time. */
  connected(): void;
  /** @param reason in the server's words, where it has said why */
  disconnected(reason: string | undefined): void;
  /** Why a try to connect failed; the next one follows soon. */
  trouble(trouble: NatsTrouble): void;
  denied(denial: NatsDenial): void;
}

/** What is subscribed to, until it ends. */
export interface Interest {
  end(): void;
  /** Ends it, and takes what is on its way: nobody else gets that. */
  drain(): void;
}

type Take = (message: Msg) => void;

export interface InterestOptions {
  /** Told each time that NATS does not allow it. */
  readonly denied?: (denial: NatsDenial) => void;
  /** Of those who subscribe in one queue group, one gets each message. */
  readonly queue?: string;
}

interface OwnInterest {
  readonly subject: string;
  readonly take: Take;
  readonly options: InterestOptions;
  subscription?: Subscription;
  again?: NodeJS.Timeout;
}

/** The server is asked whether it has taken what was published, each time that this is unknown. */
const ASK_BYTES = 1024 * 1024;
/** What it has not taken waits in memory. What is more is dropped, as where there is no server. */
const PENDING_BYTES = 32 * 1024 * 1024;
const RETRY_MS = 250;
const JITTER = 0.4;
const SUBSCRIBE_AGAIN_MS = 1_000;

/**
 * A connection to NATS that is made anew, for ever, whenever it is lost or refused. nats.js can do
 * that, too; but it keeps sockets on which no server answered in time, and once one of those ends
 * it connects a second time beside a connection that is well. And it does not say why it fails.
 */
export class NatsLink {
  readonly #options: NatsLinkOptions;
  readonly #events: NatsLinkEvents;
  readonly #dialer: NatsDialer;
  readonly #interests = new Set<OwnInterest>();
  readonly #closing = new AbortController();
  #connection: NatsConnection | undefined;
  #connectedAt = 0;
  #pendingBytes = 0;
  /** Of what is pending, the server is being asked for so much. */
  #asked = 0;
  /** The last error that the server has told on it. */
  #said: string | undefined;
  readonly #waiting = new Set<() => void>();

  private constructor(options: NatsLinkOptions, events: NatsLinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#dialer = new NatsDialer(options);
  }

  /** Tries once. @returns why not, when it does not come about */
  static async tryToOpen(
    options: NatsLinkOptions,
    events: NatsLinkEvents,
  ): Promise<NatsLink | NatsTrouble> {
    const link = new NatsLink(options, events);
    const connection = await link.#dialer.dial();
    if ('code' in connection) return connection;
    void link.#keep(connection);
    return link;
  }

  /** Waits until it is connected for the first time. */
  static async open(options: NatsLinkOptions, events: NatsLinkEvents): Promise<NatsLink> {
    const link = new NatsLink(options, events);
    void link.#keep(undefined);
    await link.#connected();
    return link;
  }

  /**
   * Bytes of a message, as the server says that it is connected to; any other one, and the same one
   * later, may take more or less. `Infinity` while there is none: nobody knows it then.
   */
  get maxPayload(): number {
    return this.#connection?.info?.max_payload ?? Infinity;
  }

  get isConnected(): boolean {
    return this.#live() !== undefined;
  }

  /** For how long the connection has stood; 0 while there is none. */
  get connectedMs(): number {
    return this.isConnected ? performance.now() - this.#connectedAt : 0;
  }

  /** Bytes that were published, and that the server has not said it has: they may not have left. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * Dropped while disconnected, or while the server takes nothing: nothing is kept to be sent late.
   * @returns false when NATS takes nothing so large (`max_payload`)
   */
  publish(subject: string, data: Uint8Array, reply?: string): boolean {
    if (data.length > this.maxPayload) return false;
    const connection = this.#live();
    if (connection === undefined) return true;
    if (this.#pendingBytes + data.length > PENDING_BYTES) return true;
    connection.publish(subject, data, reply === undefined ? {} : { reply });
    this.#pendingBytes += data.length;
    if (this.#pendingBytes >= ASK_BYTES && this.#asked === 0) this.#askForPending(connection);
    return true;
  }

  #askForPending(connection: NatsConnection): void {
    this.#asked = this.#pendingBytes;
    const answered = (): void => {
      if (connection !== this.#connection) return;
      this.#pendingBytes -= this.#asked;
      this.#asked = 0;
    };
    // When the connection ends, nothing is pending any more.
    connection.flush().then(answered, () => undefined);
  }

  /**
   * NATS may not allow it, now or after its permissions have changed, and drops it then: it is
   * asked again and again, so that nobody stays deaf once they are right.
   */
  subscribe(subject: string, take: Take, options: InterestOptions = {}): Interest {
    const interest: OwnInterest = { subject, take, options };
    this.#interests.add(interest);
    this.#ask(interest);
    return {
      end: () => {
        this.#interests.delete(interest);
        clearTimeout(interest.again);
        interest.subscription?.unsubscribe();
      },
      drain: () => {
        this.#interests.delete(interest);
        clearTimeout(interest.again);
        // It fails where the connection is lost, and then nothing is on its way.
        interest.subscription?.drain().catch(() => undefined);
      },
    };
  }

  #ask(interest: OwnInterest): void {
    const connection = this.#live();
    clearTimeout(interest.again);
    if (connection === undefined) return;
    const { subject, take } = interest;
    const { queue, denied } = interest.options;
    interest.subscription = connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        if (error === null) return take(message);
        denied?.(this.denial('subscription', subject));
        if (!this.#interests.has(interest)) return;
        interest.again = setTimeout(() => this.#ask(interest), SUBSCRIBE_AGAIN_MS);
      },
    });
  }

  /** One request, and its answer. @throws NatsError; also when the connection is lost meanwhile */
  async request(subject: string, data: Uint8Array, timeout: number): Promise<Msg> {
    if (this.#isClosed()) throw NatsError.errorForCode(ErrorCode.ConnectionClosed);
    const begin = performance.now();
    await this.#connected(timeout);
    const left = timeout - (performance.now() - begin);
    const connection = this.#live();
    if (connection === undefined || left < 1) throw NatsError.errorForCode(ErrorCode.Timeout);
    return connection.request(subject, data, { timeout: left });
  }

  /** Settles when what was published has reached the server, or the connection is lost. */
  async flush(): Promise<void> {
    const connection = this.#live();
    // nats.js leaves what waits for an answer alone when the connection ends.
    await Promise.race([connection?.flush().catch(() => undefined), connection?.closed()]);
  }

  /** Asks the server whether it is there; where it says nothing in time, another one is tried. */
  async answers(withinMs: number): Promise<boolean> {
    const connection = this.#live();
    if (connection === undefined) return false;
    const settled = new AbortController();
    const late = delay(withinMs, false, { signal: settled.signal }).catch(() => false);
    const flushed = connection.flush().then(
      () => true,
      () => false,
    );
    const isThere = await Promise.race([flushed, late]);
    settled.abort();
    if (!isThere) void connection.close();
    return isThere;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const { again } of this.#interests) clearTimeout(again);
    await this.#connection?.close();
  }

  #live(): NatsConnection | undefined {
    return this.#connection?.isClosed() === false ? this.#connection : undefined;
  }

  #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** @returns once there is a connection, or that time has gone by */
  async #connected(timeoutMs?: number): Promise<void> {
    if (this.#connection !== undefined) return;
    await new Promise<void>((resolve) => {
      const goOn = (): void => {
        clearTimeout(late);
        this.#waiting.delete(goOn);
        resolve();
      };
      const late = timeoutMs === undefined ? undefined : setTimeout(goOn, timeoutMs);
      this.#waiting.add(goOn);
    });
  }

  async #keep(first: NatsConnection | undefined): Promise<void> {
    let connection = first;
    while (!this.#isClosed()) {
      connection ??= await this.#dialAgain();
      if (connection === undefined) return;
      await this.#use(connection);
      connection = undefined;
    }
  }

  /** @returns once it is lost */
  async #use(connection: NatsConnection): Promise<void> {
    this.#connection = connection;
    this.#connectedAt = performance.now();
    this.#pendingBytes = 0;
    this.#asked = 0;
    this.#said = undefined;
    for (const interest of this.#interests) this.#ask(interest);
    this.#events.connected();
    for (const goOn of this.#waiting) goOn();
    void this.#watch(connection);
    const error = await connection.closed();
    this.#connection = undefined;
    // Without an error it was closed here: it did not answer, or the server has ended it.
    const reason = error === undefined ? this.#said : messageOf(error);
    if (!this.#isClosed()) this.#events.disconnected(reason);
  }

  /** It goes on beyond the end of the connection: nothing comes then. */
  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type, data, permissionContext } of connection.status()) {
      // Else it would first wait until a peer that does not answer takes what was sent before.
      if (type === DebugEvents.StaleConnection) void connection.close();
      if (permissionContext === undefined) {
        // It is a code: AUTHORIZATION_VIOLATION, say.
        if (type === Events.Error && typeof data === 'string') this.#said = wordsOf(data);
        continue;
      }
      const { operation, subject } = permissionContext;
      this.#events.denied(this.denial(operation, subject));
    }
  }

  /** What NATS has denied, in a sentence. */
  denial(operation: string, subject: string): NatsDenial {
    const what = operation === 'publish' ? 'publish to' : 'subscribe to';
    const sentence = `${userOf(this.#options.access)} may not ${what} ${subject}`;
    return { operation, subject, sentence };
  }

  /** @returns `undefined` when it was closed meanwhile */
  async #dialAgain(): Promise<NatsConnection | undefined> {
    const { signal } = this.#closing;
    const { retryMs = RETRY_MS } = this.#options;
    for (;;) {
      const connection = await this.#dialer.dial(signal);
      if (!('code' in connection)) {
        if (!this.#isClosed()) return connection;
        await connection.close();
        return undefined;
      }
      if (this.#isClosed()) return undefined;
      this.#events.trouble(connection);
      const pause = retryMs * (1 + Math.random() * JITTER);
      await delay(pause, undefined, { signal }).catch(() => undefined);
      if (this.#isClosed()) return undefined;
    }
  }
}

function wordsOf(code: string): string {
  return code.toLowerCase().replaceAll('_', ' ');
}
