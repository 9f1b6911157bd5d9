import { once } from 'node:events';
import net from 'node:net';

/** A route between two servers of NATS, on loopback, that can go missing and be given back. */
export class Route {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #state: 'whole' | 'cut' | 'silent' = 'whole';

  /** @param target the port on which one of the servers awaits the other one */
  constructor(target: number) {
    this.#server = net.createServer((socket) => {
      if (this.#state === 'cut') socket.destroy();
      else this.#join(socket, net.connect(target, '127.0.0.1'));
    });
  }

  /** @returns where the other server has to connect */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it has no port');
    return `nats-route://127.0.0.1:${address.port}`;
  }

  #join(one: net.Socket, other: net.Socket): void {
    this.#carry(one, other);
    this.#carry(other, one);
  }

  #carry(from: net.Socket, to: net.Socket): void {
    this.#sockets.add(from);
    from.on('error', () => undefined);
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    from.on('data', (data) => to.write(data));
    if (this.#state === 'silent') from.pause();
  }

  /** Both servers see that it is gone, and every try to make it again ends at once. */
  cut(): void {
    this.#state = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nothing passes, and neither server is told; what was sent arrives when it is given back. */
  silence(): void {
    this.#state = 'silent';
    for (const socket of this.#sockets) socket.pause();
  }

  giveBack(): void {
    this.#state = 'whole';
    for (const socket of this.#sockets) socket.resume();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
