import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { KUBECONFIG_VARIABLE } from './api-server.ts';
import { until } from './kube/until.ts';

const MAIN = 'dist/operator/src/main.js';

/** An operator in a process of its own, as it was built. */
export class OperatorProcess {
  readonly #child: ChildProcess;
  /** What it wrote. */
  output = '';

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...environment };
    this.#child = spawn(process.execPath, [MAIN, ...args], { env });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  /** One that has a namespace of the shared API server to itself. */
  static async start(namespace: string, kubeconfig?: string): Promise<OperatorProcess> {
    const operator = new OperatorProcess([
      ...['--kubeconfig', kubeconfig ?? process.env[KUBECONFIG_VARIABLE] ?? ''],
      ...['--namespace', namespace, '--watch-namespace', namespace],
      ...['--http-port', '0', '--log-level', 'debug'],
    ]);
    try {
      await until(() => operator.#port !== undefined || operator.#child.exitCode !== null);
    } catch (error) {
      await operator.kill(); // Else it would ask an API server that is gone, for ever.
      throw error;
    }
    return operator;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get #port(): string | undefined {
    return /"port":(\d+)/.exec(this.output)?.[1];
  }

  async get(path: string): Promise<{ readonly code: number; readonly text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.#port ?? 0}${path}`);
    return { code: response.status, text: await response.text() };
  }

  /** The value of a metric, which is told apart by what follows its name. */
  async metric(name: string): Promise<number | undefined> {
    const { text } = await this.get('/metrics');
    const line = text.split('\n').find((each) => each.startsWith(`${name} `));
    return line === undefined ? undefined : Number(line.slice(name.length));
  }

  async leads(): Promise<boolean> {
    return (await this.metric('synod_operator_is_leader')) === 1;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** @returns the exit code */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await once(this.#child, 'exit');
    }
    return this.#child.exitCode;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended();
  }
}
