import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from 'nats';
import type { Target } from './load.ts';

const READY_DEADLINE_MS = 10_000;
const REQUEST_DEADLINE_MS = 60_000;
const SUBJECT = 'bench.echo';

/**
 * The ceiling: bare NATS request–reply as nats.js has it, echoed by one Node process. Its requests
 * are as long as Synod's.
 */
export class Echo implements Target {
  readonly name = 'echo';
  readonly #connection: NatsConnection;
  readonly #server: ChildProcess;
  readonly #payloads = new Map<number, Uint8Array>();
  readonly #payloadBytes: (packing: number) => number;

  private constructor(
    connection: NatsConnection,
    server: ChildProcess,
    payloadBytes: (packing: number) => number,
  ) {
    this.#connection = connection;
    this.#server = server;
    this.#payloadBytes = payloadBytes;
  }

  /** @param payloadBytes how long a request with that many commands is */
  static async start(natsUrl: string, payloadBytes: (packing: number) => number): Promise<Echo> {
    const main = fileURLToPath(new URL('./echo-server.js', import.meta.url));
    const server = fork(main, [natsUrl, SUBJECT]);
    await new Promise<void>((resolve, reject) => {
      const late = (): void => reject(new Error('the echo process did not come up'));
      const deadline = setTimeout(late, READY_DEADLINE_MS);
      server.once('message', () => {
        clearTimeout(deadline);
        resolve();
      });
      server.once('exit', late);
    });
    const connection = await connect({ servers: natsUrl, noAsyncTraces: true });
    return new Echo(connection, server, payloadBytes);
  }

  request(client: number, packing: number): Promise<unknown> {
    let payload = this.#payloads.get(packing);
    if (payload === undefined) {
      payload = randomBytes(this.#payloadBytes(packing));
      this.#payloads.set(packing, payload);
    }
    return this.#connection.request(SUBJECT, payload, { timeout: REQUEST_DEADLINE_MS });
  }

  async stop(): Promise<void> {
    await this.#connection.close();
    if (this.#server.exitCode !== null) return;
    await new Promise((resolve) => {
      this.#server.once('exit', resolve);
      this.#server.kill();
    });
  }
}
