import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod, Release } from './release.ts';

const NATS_PORT = 4222;
/** Also while the API server is away: then those that were there last are tried. */
const LOOK_MS = 2_000;

/** A port of this host that leads to whichever NATS servers the release has at the moment. */
export class NatsDoor {
  readonly #release: Release;
  readonly #server: Server;
  #known: readonly Pod[] = [];

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
    const pods = [...(await this.#servers())].sort(() => Math.random() - 0.5);
    for (const pod of pods) {
      const server = await this.#release.kubernetes.dial(pod, NATS_PORT);
      if (server === undefined) continue;
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        from.on('close', () => to.destroy());
        from.pipe(to);
      }
      // It may have given up meanwhile, and will not say so again.
      if (client.destroyed) server.destroy();
      return;
    }
    client.destroy();
  }

  async #servers(): Promise<readonly Pod[]> {
    const look = async (): Promise<void> => {
      this.#known = await this.#release.natsServers();
    };
    await Promise.race([look().catch(() => undefined), sleep(LOOK_MS)]);
    return this.#known;
  }
}
