import { once } from 'node:events';
import net from 'node:net';

/** Stands between NATS and whoever connects here, and flips bits in what NATS delivers. */
export class GarblingProxy {
  /** How many bits it has flipped. */
  flips = 0;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly #mark: Buffer;
  readonly #everyNth: number;
  #seen = 0;
  #isOn = true;

  /**
   * @param target the port of NATS
   * @param mark what is garbled: of the chunks that have it every `everyNth`
   */
  constructor(target: number, mark: string, everyNth: number) {
    this.#mark = Buffer.from(mark);
    this.#everyNth = everyNth;
    this.#server = net.createServer((socket) => {
      const nats = net.connect(target, '127.0.0.1');
      for (const each of [socket, nats]) {
        this.#sockets.add(each);
        each.on('error', () => undefined);
      }
      socket.on('close', () => nats.destroy()).on('data', (data) => nats.write(data));
      nats
        .on('close', () => socket.destroy())
        .on('data', (data) => {
          this.#garble(data);
          socket.write(data);
        });
    });
  }

  /** @returns the URL */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it has no port');
    return `nats://127.0.0.1:${address.port}`;
  }

  /** One bit of the last character: another text of the same length. */
  #garble(data: Buffer): void {
    const at = data.lastIndexOf(this.#mark);
    if (at < 0 || !this.#isOn) return;
    this.#seen += 1;
    if (this.#seen % this.#everyNth > 0) return;
    const last = at + this.#mark.length - 1;
    data[last] = (data[last] ?? 0) ^ 1;
    this.flips += 1;
  }

  /** From now on everything arrives as it was sent. */
  stopGarbling(): void {
    this.#isOn = false;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
