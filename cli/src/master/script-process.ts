import { connect, type Socket } from 'node:net';
import type { NodeProcess } from '../local/node-process.ts';
import { Payloads, type ProcessMessage } from './payloads.ts';

/** A process of a script, and the master's connection to it. */
export class ScriptProcess {
  readonly #node: NodeProcess;
  readonly #onMessage: (message: ProcessMessage) => void;
  #socket: Socket | undefined;

  /** @param onMessage told what the process says */
  constructor(node: NodeProcess, onMessage: (message: ProcessMessage) => void) {
    this.#node = node;
    this.#onMessage = onMessage;
  }

  get running(): boolean {
    return this.#node.running && this.#socket?.destroyed === false;
  }

  /** Waits until the process is up, and connects to it. */
  async connect(port: number): Promise<void> {
    await this.#node.ready;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    const payloads = new Payloads();
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of payloads.take(chunk)) this.#onMessage(message);
      } catch {
        socket.destroy();
      }
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.on('error', () => socket.destroy());
  }

  /** @returns whether there was a connection to send it on */
  send(line: string): boolean {
    if (!this.running) return false;
    this.#socket?.write(`${line}\n`);
    return true;
  }

  /** @returns whether the process ended in time */
  ended(withinMs: number): Promise<boolean> {
    return this.#node.ended(withinMs);
  }

  async kill(): Promise<void> {
    this.#node.kill('SIGKILL');
    await this.#node.exit;
    this.#socket?.destroy();
  }
}
