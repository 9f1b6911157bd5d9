import type { NatsAccess } from '../../../contract/src/nats-access.ts';
import type { NatsLink } from '../../../contract/src/nats-link.ts';
import { connectNats } from '../transport/nats-connection.ts';
import type { Logger } from './logger.ts';

export interface NodeConnectionOptions {
  readonly access: NatsAccess;
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly log: Logger;
  /** The connection came up, or is lost. */
  readonly onChanged: (connected: boolean) => void;
}

/** The one connection of a node to NATS: whether it is up is known, and said in the log. */
export class NodeConnection {
  readonly #options: NodeConnectionOptions;
  #link: NatsLink | undefined;
  #isUp = false;
  #trouble: string | undefined;

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

  /** Waits for NATS, however long it takes. */
  async connect(): Promise<NatsLink> {
    const { access, name, log } = this.#options;
    this.#link = await connectNats({
      access,
      name,
      onConnected: () => this.#changed(true),
      onDisconnected: () => this.#changed(false),
      onTrouble: (sentence) => {
        this.#trouble = sentence;
        log.warn({ natsUrl: access.url }, sentence);
      },
    });
    return this.#link;
  }

  #changed(connected: boolean): void {
    const { access, log, onChanged } = this.#options;
    const natsUrl = access.url;
    this.#isUp = connected;
    this.#trouble = undefined;
    onChanged(connected);
    if (connected) log.info({ natsUrl }, 'nats connected');
    else log.warn({ natsUrl }, 'nats disconnected; going on when it is back');
  }

  async close(): Promise<void> {
    await this.#link?.close();
  }
}
