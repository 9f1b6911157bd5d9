import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import logUpdate from 'log-update';
import { exitCodes } from '../../../contract/src/error-codes.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';
import { LocalCluster } from '../local/local-cluster.ts';
import { Workspace } from '../local/workspace.ts';
import { connect, type SynodClient } from '../../../client/src/client.ts';
import { leaderOf, membersOf } from '../../../client/src/members.ts';
import { statusTable } from './status-table.ts';

export interface UpOptions {
  readonly nodes: number;
  readonly cluster: string;
  readonly output: 'text' | 'json';
}

const REFRESH_MS = 500;
const SHOWN_LINES = 5;
const SHOWN_CHARACTERS = 60;
const DECIDE_DEADLINE_MS = 30_000;

/** Starts the cluster, takes lines to append until the end of input or Ctrl-C, and stops it. */
export async function up(options: UpOptions): Promise<void> {
  const say = (what: string): void => void process.stderr.write(`${what}\n`);
  const { cluster, nodes } = options;
  say(`Starting ${nodes} member(s) of cluster ${cluster}; their data is below .synod/`);
  const local = await LocalCluster.start({ workspace: new Workspace('.'), cluster, nodes, say });
  const client = await connect({
    natsUrl: local.natsUrl,
    cluster,
    deadlineMs: DECIDE_DEADLINE_MS,
  });
  let code: number = exitCodes.ok;
  try {
    if (process.stdin.isTTY && process.stdout.isTTY) await new LiveView(client, nodes).run();
    else code = await appendLines(client, options);
  } finally {
    await client.close();
    await local.stop();
  }
  process.exit(code);
}

/** Appends each line of standard input, in order, and prints its slot. */
async function appendLines(client: SynodClient, options: UpOptions): Promise<number> {
  const lines = createInterface({ input: process.stdin });
  const stop = (): void => lines.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let failed = false;
  for await (const text of lines) {
    if (text === '') continue;
    try {
      const { slot, position, existed } = await client.append(text);
      const json = JSON.stringify({ slot, position, existed, text });
      process.stdout.write(`${options.output === 'json' ? json : `${slot}\t${text}`}\n`);
    } catch (error) {
      failed = true;
      process.stderr.write(`${complaint(text, error)}\n`);
    }
  }
  return failed ? exitCodes.failed : exitCodes.ok;
}

function complaint(text: string, error: unknown): string {
  const start = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return `${start}: ${error instanceof Error ? error.message : String(error)}`;
}

/** The live view of a terminal: the members, the last lines, and the line being typed. */
class LiveView {
  readonly #client: SynodClient;
  readonly #nodes: number;
  readonly #typed: Interface;
  readonly #lines: string[] = [];
  #members: readonly MemberStatus[] = [];
  #rate = 0;
  #last: { at: number; operations: number } | undefined;

  constructor(client: SynodClient, nodes: number) {
    this.#client = client;
    this.#nodes = nodes;
    // What is typed is drawn below the table, so readline itself prints nothing.
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    this.#typed = createInterface({ input: process.stdin, output: silent, terminal: true });
  }

  /** Until Ctrl-C or the end of input. */
  async run(): Promise<void> {
    const redraw = (): void => this.#draw();
    process.stdin.on('keypress', redraw);
    const timer = setInterval(() => void this.#refresh(), REFRESH_MS);
    await new Promise<void>((resolve) => {
      this.#typed.on('line', (line) => void this.#append(line));
      this.#typed.on('SIGINT', resolve);
      this.#typed.on('close', resolve);
      process.once('SIGTERM', resolve);
    });
    clearInterval(timer);
    process.stdin.off('keypress', redraw);
    this.#typed.close();
    logUpdate.done();
    process.stdout.write('Stopping. The next start goes on from here.\n');
  }

  async #append(text: string): Promise<void> {
    if (text === '') return;
    try {
      const { slot, existed } = await this.#client.append(text);
      this.#note(`slot ${slot}: ${text}${existed ? ' (was there already)' : ''}`);
    } catch (error) {
      this.#note(complaint(text, error));
    }
  }

  #note(line: string): void {
    this.#lines.push(line);
    this.#lines.splice(0, this.#lines.length - SHOWN_LINES);
    this.#draw();
  }

  async #refresh(): Promise<void> {
    this.#members = await this.#client.status({ waitMs: REFRESH_MS - 100, expect: this.#nodes });
    const operations = Math.max(0, ...this.#members.map((member) => member.operationsApplied));
    const at = performance.now();
    if (this.#last !== undefined) {
      this.#rate = ((operations - this.#last.operations) / (at - this.#last.at)) * 1000;
    }
    this.#last = { at, operations };
    this.#draw();
  }

  #draw(): void {
    const leader = leaderOf(this.#members)?.name ?? 'none';
    const rate = Math.max(0, Math.round(this.#rate));
    logUpdate(
      [
        statusTable(membersOf(this.#members)),
        `leader ${leader}   ${rate} operations/s   Ctrl-C stops`,
        ...this.#lines,
        `> ${this.#typed.line}`,
      ].join('\n'),
    );
  }
}
