import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Release } from './release.ts';

const NATS_PORT = 4222;
/** Also while the API server is away: then those that were there last are tried. */
const LOOK_MS = 2_000;
/** A node that is lost refuses nothing. */
const DIAL_MS = 1_000;

/** A port of this host that leads to whichever NATS servers the release has at the moment. */
export class NatsDoor {
  readonly #release: Release;
  readonly #server: Server;
  #known: readonly string[] = [];

  private constructor(release: Release) {
    this.#release = release;
    this.#server = createServer((client) => void this.#letIn(client));
  }

  static async open(release: Release): Promise<NatsDoor> {
    const door = new NatsDoor(release);
    door.#server.listen(0, '127.0.0.1');
    await once(door.#server, 'listening');
    return door;
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Once nobody is connected any more. */
  close(): void {
    this.#server.close();
  }

  async #letIn(client: Socket): Promise<void> {
    client.on('error', () => client.destroy());
    const addresses = [...(await this.#addresses())].sort(() => Math.random() - 0.5);
    for (const address of addresses) {
      const server = await dial(address);
      if (server === undefined) continue;
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        from.on('close', () => to.destroy());
        from.pipe(to);
      }
      return;
    }
    client.destroy();
  }

  async #addresses(): Promise<readonly string[]> {
    const look = async (): Promise<void> => {
      const pods = await this.#release.natsServers();
      this.#known = pods.flatMap(({ status }) => status.podIP ?? []);
    };
    await Promise.race([look().catch(() => undefined), sleep(LOOK_MS)]);
    return this.#known;
  }
}

async function dial(address: string): Promise<Socket | undefined> {
  const socket = connect({ host: address, port: NATS_PORT, timeout: DIAL_MS });
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    for (const end of ['error', 'timeout', 'close']) socket.once(end, () => resolve(false));
  });
  socket.setTimeout(0);
  socket.on('error', () => socket.destroy());
  if (isOpen) return socket;
  socket.destroy();
  return undefined;
}
