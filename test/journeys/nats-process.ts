import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { until } from '../../cli/src/bench/until.ts';
import { freePorts } from './cli-run.ts';

const START_DEADLINE_MS = 10_000;

/** A real nats-server on a port of its own, for tests that take it away and bring it back. */
export class NatsProcess {
  readonly #port: number;
  readonly #configuration: string | undefined;
  #child: ChildProcess | undefined;

  private constructor(port: number, configuration: string | undefined) {
    this.#port = port;
    this.#configuration = configuration;
  }

  /**
   * Knows its port, and does not run yet.
   * @param configuration a file, with more of its configuration
   */
  static async reserve(configuration?: string): Promise<NatsProcess> {
    const [port = 0] = await freePorts(1);
    return new NatsProcess(port, configuration);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const more = this.#configuration === undefined ? [] : ['--config', this.#configuration];
    const args = ['--addr', '127.0.0.1', '--port', String(this.#port), ...more];
    this.#child = spawn(process.env['NATS_SERVER'] ?? 'nats-server', args, { stdio: 'ignore' });
    await until('nats-server', START_DEADLINE_MS, async () => (await this.#listens()) || undefined);
  }

  #listens(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#port, '127.0.0.1');
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  }

  /** Has it read its configuration again; what it then refuses, it cuts off. */
  reload(): void {
    this.#child?.kill('SIGHUP');
  }

  /** It stays, and answers nobody until `thaw`. `kill` ends it all the same. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Gone at once, as with a broken machine. */
  async kill(): Promise<void> {
    if (this.#child === undefined || this.#child.exitCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
    this.#child = undefined;
  }
}
