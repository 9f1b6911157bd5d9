import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolder } from '../../../host/src/folder.ts';
import { parseStatus, type MemberStatus } from '../../../contract/src/status.ts';
import type { Workspace } from './workspace.ts';

const READY_DEADLINE_MS = 30_000;

/** The program of a node; the client starts it and never imports it. */
export const nodeMain = fileURLToPath(new URL('../../../node/src/main.js', import.meta.url));

/** Where a member runs; or, for a master's script, ids that were derived from numbers. */
export type NodeIdentity =
  { readonly name: string } | { readonly member: string; readonly members: readonly string[] };

export type NodeOptions = NodeIdentity & NodeSettings;

interface NodeSettings {
  readonly workspace: Workspace;
  readonly natsUrl: string;
  readonly cluster: string;
  readonly data: string;
  /** The program of the node; the built one beside this file if it is not named. */
  readonly program?: string;
  /** More variables of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** More flags. */
  readonly flags?: readonly string[];
  /** The file that gets its log; without it, it goes where this process' errors go. */
  readonly logFile?: string;
}

/** A node process that was started from here. It ends when this process does. */
export class NodeProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ready: Promise<MemberStatus>;
  readonly #exit: Promise<number>;
  #exitCode: number | undefined;
  #signal: NodeJS.Signals | null = null;

  constructor(options: NodeOptions) {
    const { workspace, natsUrl, cluster, data, logFile, flags = [] } = options;
    const name = 'name' in options ? options.name : options.member;
    this.name = name;
    const { program = nodeMain, environment = {} } = options;
    const where = ['--cluster', cluster, '--data', data, '--nats-url', natsUrl];
    const args = [program, ...identityFlags(options), ...where, ...flags];
    if (logFile !== undefined) makeFolder(path.dirname(logFile));
    const log = logFile === undefined ? 'inherit' : fs.openSync(logFile, 'a');
    this.#child = spawn(process.execPath, args, {
      stdio: ['ignore', 'ignore', log, 'ipc'],
      env: { ...process.env, ...environment },
    });
    if (typeof log === 'number') fs.closeSync(log);
    if (this.#child.pid !== undefined) {
      workspace.record(this.#child.pid, { kind: 'node', cluster, name });
    }
    this.#exit = new Promise((resolve) => {
      this.#child.once('error', () => resolve(127));
      this.#child.once('exit', (code, signal) => {
        this.#signal = signal;
        this.#exitCode = code ?? (signal === null ? 1 : 128);
        resolve(this.#exitCode);
      });
    });
    let late: NodeJS.Timeout | undefined;
    this.#ready = new Promise((resolve, reject) => {
      const look = logFile === undefined ? '' : ` See ${logFile}.`;
      late = setTimeout(() => {
        reject(new Error(`${name} was not up after ${READY_DEADLINE_MS / 1000} s.${look}`));
      }, READY_DEADLINE_MS);
      this.#child.once('message', (message) => {
        const status = typeof message === 'string' ? parseStatus(message) : undefined;
        if (status === undefined)
          reject(new Error(`${name} reported something that is not a status.${look}`));
        else resolve(status);
      });
      void this.#exit.then((code) => {
        const why = logFile === undefined ? '' : lastWords(logFile);
        reject(new Error(`${name} ended with code ${code} before it was up${why}.${look}`));
      });
    });
    const settled = (): void => clearTimeout(late);
    this.#ready.then(settled, settled);
  }

  /**
   * Settles when it is up, also if it was not told its cluster yet, with what it says of itself
   * then; or rejects with a sentence that says where to look.
   */
  get ready(): Promise<MemberStatus> {
    return this.#ready;
  }

  get running(): boolean {
    return this.#exitCode === undefined;
  }

  /** How it has ended, as in `code 1` or `SIGKILL`; `undefined` while it runs. */
  get ending(): string | undefined {
    return this.#exitCode === undefined ? undefined : (this.#signal ?? `code ${this.#exitCode}`);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Its exit code, once it has ended. */
  get exit(): Promise<number> {
    return this.#exit;
  }

  /** Waits for its end. @returns whether it came in time */
  async ended(withinMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), withinMs);
    });
    const inTime = await Promise.race([this.#exit.then(() => true), late]);
    clearTimeout(timer);
    return inTime;
  }

  kill(signal: NodeJS.Signals): void {
    if (this.running) this.#child.kill(signal);
  }

  /** Stops it in order, after `kindMs` by force. */
  async stop(kindMs: number): Promise<void> {
    this.kill('SIGTERM');
    if (!(await this.ended(kindMs))) this.kill('SIGKILL');
    await this.#exit;
  }
}

function identityFlags(identity: NodeIdentity): string[] {
  if ('name' in identity) return ['--name', identity.name];
  return ['--member', identity.member, '--members', identity.members.join(',')];
}

/** What the last line of a node's log says, or '' when it says nothing. */
export function lastWords(logFile: string): string {
  try {
    const lines = fs.readFileSync(logFile, 'utf8').trimEnd().split('\n');
    const words = messageOf(lines.at(-1) ?? '') ?? lines.findLast((line) => THROWN.test(line));
    return words === undefined ? '' : `: ${words.replace(/\.$/, '')}`;
  } catch {
    return ''; // There is no log.
  }
}

/** How Node begins the last words of a program that did not come so far as to log. */
const THROWN = /^\w*Error\b/;

function messageOf(line: string): string | undefined {
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === 'string' ? msg : undefined;
  } catch {
    return undefined;
  }
}
