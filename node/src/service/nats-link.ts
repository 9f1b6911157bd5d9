import type { NatsConnection } from 'nats';
import { connectNats } from '../transport/nats-connection.ts';
import type { Logger } from './logger.ts';

const NOTICE_MS = 2_000;

export interface NatsLinkOptions {
  readonly url: string;
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly log: Logger;
  /** The connection came up, or is lost. */
  readonly onChanged: (connected: boolean) => void;
}

/** The one connection of a node to NATS: whether it is up is known, and said in the log. */
export class NatsLink {
  readonly #options: NatsLinkOptions;
  #connection: NatsConnection | undefined;
  #isUp = false;

  constructor(options: NatsLinkOptions) {
    this.#options = options;
  }

  /** `undefined` until it is connected for the first time. */
  get connection(): NatsConnection | undefined {
    return this.#connection;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Waits for NATS, however long it takes. */
  async connect(): Promise<NatsConnection> {
    const { url, name, log } = this.#options;
    const notice = setInterval(() => {
      log.warn({ natsUrl: url }, 'NATS is not reachable yet; waiting for it');
    }, NOTICE_MS);
    try {
      this.#connection = await connectNats({
        url,
        name,
        onConnected: () => this.#changed(true),
        onDisconnected: () => this.#changed(false),
      });
      return this.#connection;
    } finally {
      clearInterval(notice);
    }
  }

  #changed(connected: boolean): void {
    const { url: natsUrl, log, onChanged } = this.#options;
    this.#isUp = connected;
    onChanged(connected);
    if (connected) log.info({ natsUrl }, 'nats connected');
    else log.warn({ natsUrl }, 'nats disconnected; going on when it is back');
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }
}
