import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { KubeConfig } from '@kubernetes/client-node';

/** Between a client and the API server: it can cut connections, and let them hang. */
export class TcpProxy {
  readonly #server = createServer((socket) => this.#join(socket));
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #isDown = false;

  private constructor(target: URL) {
    this.#target = target;
  }

  /** Goes between, and makes the kubeconfig lead to it. */
  static async before(config: KubeConfig): Promise<TcpProxy> {
    const cluster = config.getCurrentCluster()!;
    const proxy = new TcpProxy(new URL(cluster.server));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    const { port } = proxy.#server.address() as AddressInfo;
    config.clusters = [{ ...cluster, server: `https://127.0.0.1:${port}` }];
    return proxy;
  }

  /** Resets every connection. New ones are made. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  /** Resets every connection, new ones included. */
  takeAway(): void {
    this.#isDown = true;
    this.cut();
  }

  bringBack(): void {
    this.#isDown = false;
  }

  /** What is open stays open, and nothing passes any more. */
  freeze(): void {
    for (const socket of this.#sockets) socket.pause().unpipe();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(socket: Socket): void {
    if (this.#isDown) {
      socket.resetAndDestroy();
      return;
    }
    const onward = connect(Number(this.#target.port), this.#target.hostname);
    socket.pipe(onward).pipe(socket);
    for (const [one, other] of [
      [socket, onward],
      [onward, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
