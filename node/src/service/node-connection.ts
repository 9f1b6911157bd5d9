import type { NatsAccess } from '../../../link/src/nats-access.ts';
import { NatsLink } from '../../../link/src/nats-link.ts';
import type { Logger } from '../../../host/src/logger.ts';

export interface NodeConnectionOptions {
  readonly access: NatsAccess;
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly log: Logger;
}

/** Behind one address there may be a server whose machine is gone: the next try gets another. */
const DIAL_MS = 2_000;
const NOTICE_MS = 2_000;
/** NATS has to take messages of that size: a member's own ones fit, and values are worth it. */
const LEAST_PAYLOAD = 64 * 1024;

/** The one connection of a node to NATS: whether it is up is known, and said in the log. */
export class NodeConnection {
  readonly #options: NodeConnectionOptions;
  #link: NatsLink | undefined;
  #isUp = false;
  #trouble: string | undefined;
  #saidAt = -NOTICE_MS;

  constructor(options: NodeConnectionOptions) {
    this.#options = options;
  }

  /** `undefined` until it is connected for the first time. */
  get link(): NatsLink | undefined {
    return this.#link;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Why it is not up, in a sentence, once that is known. */
  get trouble(): string | undefined {
    return this.#isUp ? undefined : this.#trouble;
  }

  /** Waits for NATS, however long it takes: whoever is absent, leaves, or does not let it in. */
  async connect(): Promise<NatsLink> {
    const { access, name } = this.#options;
    this.#link = await NatsLink.open(
      // A member does not hear its own fan-out: what it sends itself is delivered inside.
      { access, name, echo: false, dialMs: DIAL_MS, leastPayload: LEAST_PAYLOAD },
      {
        connected: () => this.#changed(true),
        disconnected: (reason) => this.#changed(false, reason),
        trouble: ({ sentence }) => this.#say(`${sentence}; trying again.`),
        denied: ({ sentence }) =>
          this.#say(`NATS: ${sentence}; a member has to: see docs/security.md.`),
      },
    );
    return this.#link;
  }

  /** In the log at most every two seconds: what is wrong is found again and again. */
  #say(sentence: string): void {
    const now = performance.now();
    if (now - this.#saidAt < NOTICE_MS) return;
    this.#saidAt = now;
    this.#trouble = sentence;
    const { access, log } = this.#options;
    log.warn({ natsUrl: access.url }, sentence);
  }

  #changed(connected: boolean, reason?: string): void {
    const { access, log } = this.#options;
    const natsUrl = access.url;
    this.#isUp = connected;
    this.#trouble = reason === undefined ? undefined : `NATS ended the connection: ${reason}.`;
    const maxPayload = this.#link?.maxPayload;
    if (connected) log.info({ natsUrl, maxPayload }, 'nats connected');
    else log.warn({ natsUrl, reason }, 'nats disconnected; going on when it is back');
  }

  async close(): Promise<void> {
    await this.#link?.close();
  }
}
