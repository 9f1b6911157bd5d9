import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import logUpdate from 'log-update';
import type { SynodClient } from '../../../client/src/client.ts';
import { leaderOf, membersOf } from '../../../client/src/members.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { clusterFlag } from '../local/cluster-flag.ts';
import { externalNats, runningNats } from '../local/folder-nats.ts';
import type { LocalCluster } from '../local/local-cluster.ts';
import type { Workspace } from '../local/workspace.ts';
import { complaint } from './complaint.ts';
import { LiveTable } from './live-table.ts';
import { printable } from './printable.ts';
import { chatLog } from '../../../machines/src/chat-log/calls.ts';

export interface LiveViewOptions {
  readonly client: SynodClient;
  readonly local: LocalCluster;
  readonly workspace: Workspace;
  readonly cluster: string;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const REFRESH_MS = 500;
const SHOWN_LINES = 5;
/** A line that has no answer for so long is said to wait. */
const PATIENCE_MS = 1_000;

/** The live view of a terminal: the members, the last lines, and the line being typed. */
export class LiveView {
  readonly #options: LiveViewOptions;
  readonly #typed: Interface;
  readonly #table = new LiveTable();
  readonly #lines: string[] = [];
  /** Lines without an answer, and since when. */
  readonly #waiting = new Map<symbol, { readonly text: string; readonly since: number }>();
  #members: readonly MemberStatus[] = [];
  #troubles: readonly string[] = [];
  #rate = 0;
  #isOver = false;
  #last: { at: number; operations: number } | undefined;

  constructor(options: LiveViewOptions) {
    this.#options = options;
    // What is typed is drawn below the table, so readline itself prints nothing.
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    this.#typed = createInterface({ input: process.stdin, output: silent, terminal: true });
  }

  /** Until Ctrl-C or the end of input. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const redraw = (): void => this.#draw();
    process.stdin.on('keypress', redraw);
    const timer = setInterval(() => void this.#refresh(), REFRESH_MS);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve());
      this.#typed.on('line', (line) => void this.#append(line));
      this.#typed.on('SIGINT', resolve);
      this.#typed.on('close', resolve);
    });
    clearInterval(timer);
    process.stdin.off('keypress', redraw);
    this.#typed.close();
    this.#isOver = true;
    logUpdate.done();
    for (const { text } of this.#waiting.values()) {
      process.stdout.write(`${printable(text)}: no answer has come; it may be appended, or not.\n`);
    }
    process.stdout.write('Stopping. The next start goes on from here.\n');
  }

  async #append(text: string): Promise<void> {
    if (text === '') return;
    const id = Symbol(text);
    this.#waiting.set(id, { text, since: performance.now() });
    try {
      const { slot, existed } = await this.#options.client.machine(chatLog).append(text);
      this.#note(id, `slot ${slot}: ${printable(text)}${existed ? ' (was there already)' : ''}`);
    } catch (error) {
      this.#note(id, complaint(text, error));
    }
  }

  #note(id: symbol, line: string): void {
    this.#waiting.delete(id);
    this.#lines.push(line);
    this.#lines.splice(0, this.#lines.length - SHOWN_LINES);
    this.#draw();
  }

  async #refresh(): Promise<void> {
    const { client, local } = this.#options;
    this.#troubles = this.#look();
    const waitMs = REFRESH_MS - 100;
    // It is closed when the view has ended meanwhile.
    const found = await client.admin
      .status({ waitMs, expect: local.names.length })
      .catch(() => undefined);
    if (found === undefined) return;
    this.#members = found;
    const operations = Math.max(0, ...found.map((member) => member.operationsApplied));
    const at = performance.now();
    if (this.#last !== undefined) {
      this.#rate = ((operations - this.#last.operations) / (at - this.#last.at)) * 1000;
    }
    this.#last = { at, operations };
    this.#draw();
  }

  /** What does not run, and how it is started again. */
  #look(): string[] {
    const { client, local, workspace, cluster } = this.#options;
    const ended = local
      .ended()
      .map(
        ({ name, how }) =>
          `${name} has ended (${how}): "synod start ${name}${clusterFlag(cluster)}" starts it again.`,
      );
    if (client.isConnected) return ended;
    const isOurs = externalNats(process.env) === undefined;
    const nats = `NATS does not answer at ${local.natsUrl}: the members cannot be seen.`;
    const hasEnded = isOurs && runningNats(workspace) === undefined;
    const then = 'nats-server has ended. Stop with Ctrl-C, and start again: nothing is lost.';
    return [nats, ...(hasEnded ? [then] : []), ...ended];
  }

  #draw(): void {
    if (this.#isOver) return;
    const leader = leaderOf(this.#members)?.name ?? 'none';
    const rate = Math.max(0, Math.round(this.#rate));
    const late = performance.now() - PATIENCE_MS;
    const waiting = [...this.#waiting.values()].filter(({ since }) => since <= late);
    logUpdate(
      [
        this.#table.draw(membersOf(this.#members), this.#options.client.isConnected),
        ...this.#troubles,
        `leader ${leader}   ${rate} operations/s   Ctrl-C stops`,
        ...this.#lines,
        ...waiting.map(({ text }) => `waits until a majority answers: ${printable(text)}`),
        `> ${printable(this.#typed.line)}`,
      ].join('\n'),
    );
  }
}
