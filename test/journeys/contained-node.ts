import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { NODE_PROGRAM, until } from './test-cluster.ts';

/** Whoever is not root becomes it in a namespace of users. */
export const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];

/** A node in a process namespace of its own, where it is process 1, as in a container. */
export class ContainedNode {
  readonly #unshare: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  readonly #log: string;

  /** @param log the file that gets its log */
  constructor(flags: readonly string[], log: string) {
    this.#log = log;
    const file = fs.openSync(log, 'a');
    const own = [...asRoot, '--pid', '--fork', '--mount-proc', '--kill-child'];
    const args = [...own, process.execPath, NODE_PROGRAM, ...flags];
    this.#unshare = spawn('unshare', args, { stdio: ['ignore', 'ignore', file] });
    fs.closeSync(file);
    this.#exit = once(this.#unshare, 'exit');
  }

  /** The lines that it has logged. */
  lines(): Record<string, unknown>[] {
    const lines = fs.readFileSync(this.#log, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits for a line of its log whose sentence matches. */
  said(what: RegExp): Promise<Record<string, unknown>> {
    return until(`it says ${what.source}`, () => this.find(what));
  }

  find(what: RegExp): Record<string, unknown> | undefined {
    return this.lines().findLast(({ msg }) => what.test(String(msg)));
  }

  /** Where its HTTP server listens. */
  async http(): Promise<string> {
    const { port } = await this.said(/^http listens$/);
    return `http://127.0.0.1:${String(port)}`;
  }

  get running(): boolean {
    return this.#unshare.exitCode === null && this.#unshare.signalCode === null;
  }

  /** Its process id outside. */
  async inside(): Promise<number> {
    const { pid = 0 } = this.#unshare;
    return until('it runs', () => {
      const [child] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
      return child === undefined || child === '' ? undefined : Number(child);
    });
  }

  /** Sends a signal to the node, from outside. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    process.kill(await this.inside(), signal);
  }

  /** @returns its exit code, once it has ended; `null` after a signal */
  async ended(): Promise<unknown> {
    const [code] = await this.#exit;
    return code;
  }

  async kill(): Promise<void> {
    if (this.running) await this.signal('SIGKILL');
    await this.#exit;
  }
}
