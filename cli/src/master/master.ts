import path from 'node:path';
import { NodeProcess } from '../local/node-process.ts';
import type { Workspace } from '../local/workspace.ts';
import type { ProcessMessage } from './payloads.ts';
import type { ScriptCommand } from './script.ts';
import { ScriptProcess } from './script-process.ts';

export interface MasterOptions {
  readonly workspace: Workspace;
  readonly natsUrl: string;
  /** Its own for every run: scripts in one folder do not disturb one another. */
  readonly cluster: string;
  readonly ackTimeoutMs: number;
  /** Gets each chat log. */
  readonly print: (texts: string) => void;
  /** Gets what happens. */
  readonly say: (what: string) => void;
}

const ARMED_CRASH_MS = 2_000;
const RESEND_MS = 2_000;
const CRASH_MS = 5_000;
const GET_MS = 10_000;

type Wait = Extract<ScriptCommand, { type: 'waitForAck' }>;

/** Runs the commands of a script against processes that it starts. */
export class Master {
  readonly #options: MasterOptions;
  readonly #processes = new Map<number, ScriptProcess>();
  readonly #texts = new Map<number, string>();
  readonly #acks = new Map<number, number>();
  #waits: Wait[] = [];
  #changed: (() => void) | undefined;
  readonly #chatLogs = new Map<number, string>();
  #failed = false;

  constructor(options: MasterOptions) {
    this.#options = options;
  }

  /** Whether something that was waited for did not come. */
  get failed(): boolean {
    return this.#failed;
  }

  async run(command: ScriptCommand): Promise<void> {
    if (command.type !== 'start' && command.type !== 'waitForAck') await this.#awaitAcks();
    switch (command.type) {
      case 'start':
        return this.#start(command);
      case 'msg':
        this.#texts.set(command.messageId, command.text);
        {
          this.#message(command.id, command.messageId, command.text);
          return;
        }
      case 'waitForAck':
        this.#waits.push(command);
        return;
      case 'get':
        return this.#get(command.id);
      case 'crash':
        return this.#crash(command.id);
      case 'arm':
        if (this.#processes.get(command.id)?.send(command.line) !== true) this.#gone(command.id);
        return;
      case 'exit':
        return;
      default:
        return command satisfies never;
    }
  }

  /** Ends every process and destroys their data. */
  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((process) => process.kill()));
    await this.#options.workspace.destroy(this.#options.cluster);
  }

  async #start({ id, n, port }: Extract<ScriptCommand, { type: 'start' }>): Promise<void> {
    const { workspace, natsUrl, cluster, say } = this.#options;
    const before = this.#processes.get(id);
    if (before !== undefined && !(await before.ended(before.running ? ARMED_CRASH_MS : 0))) {
      say(`process ${id} still runs; killing it`);
      await before.kill();
    }
    const folder = path.join(workspace.dataOf(cluster), `p${id}`);
    const mode = ['--mode', 'on-demand', '--machine', 'chat-log', '--http-port', '0'];
    const node = new NodeProcess({
      workspace,
      natsUrl,
      cluster,
      member: `p${id}`,
      members: Array.from({ length: n }, (_, i) => `p${i}`),
      data: folder,
      logFile: `${folder}.log`,
      flags: [...mode, '--script-port', String(port)],
    });
    const process = new ScriptProcess(node, (message) => this.#received(id, message));
    this.#processes.set(id, process);
    try {
      await process.connect(port);
      say(`process ${id} is up on port ${port}`);
    } catch (error) {
      await process.kill();
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`process ${id} could not be started on port ${port}: ${why}`, {
        cause: error,
      });
    }
  }

  #received(id: number, message: ProcessMessage): void {
    if (message.type === 'ack') {
      if (!this.#acks.has(message.messageId)) {
        this.#options.say(`message ${message.messageId} is in slot ${message.slot}`);
      }
      this.#acks.set(message.messageId, message.slot);
    } else {
      this.#chatLogs.set(id, message.texts);
    }
    this.#changed?.();
  }

  #message(id: number, messageId: number, text: string): void {
    if (this.#processes.get(id)?.send(`msg ${messageId} ${text}`) !== true) this.#gone(id);
  }

  #gone(id: number): void {
    this.#options.say(`process ${id} is gone: nothing was sent to it`);
  }

  async #get(id: number): Promise<void> {
    const process = this.#processes.get(id);
    this.#chatLogs.delete(id);
    if (process?.send('get chatLog') !== true) {
      this.#gone(id);
      return;
    }
    const texts = await this.#until(GET_MS, () =>
      process.running ? this.#chatLogs.get(id) : (this.#chatLogs.get(id) ?? null),
    );
    if (typeof texts === 'string') {
      this.#options.print(texts);
      return;
    }
    if (texts === null) {
      this.#gone(id);
      return;
    }
    this.#options.say(`process ${id} did not answer get chatLog in ${GET_MS / 1000} s`);
    this.#failed = true;
  }

  async #crash(id: number): Promise<void> {
    const process = this.#processes.get(id);
    if (process?.send('crash') !== true) {
      this.#gone(id);
      return;
    }
    if (!(await process.ended(CRASH_MS))) await process.kill();
  }

  /** Waits for every acknowledgement that a waitForAck named. */
  async #awaitAcks(): Promise<void> {
    const waits = this.#waits;
    this.#waits = [];
    const begin = performance.now();
    const sent = new Map(waits.map((wait) => [wait, begin]));
    for (const wait of waits) {
      const left = this.#options.ackTimeoutMs - (performance.now() - begin);
      const acked = await this.#until(left, () => {
        this.#resend(sent);
        return this.#acks.get(wait.messageId);
      });
      if (acked !== undefined) continue;
      this.#options.say(`message ${wait.messageId} was not acknowledged in time`);
      this.#failed = true;
    }
  }

  /** A wait that names a process sends the message again, to that one. */
  #resend(sent: Map<Wait, number>): void {
    for (const [wait, since] of sent) {
      const { id, messageId } = wait;
      if (id === undefined || this.#acks.has(messageId)) continue;
      if (performance.now() - since < RESEND_MS) continue;
      sent.set(wait, performance.now());
      const text = this.#texts.get(messageId);
      if (text === undefined) continue;
      this.#options.say(`message ${messageId} is sent again, to process ${id}`);
      this.#message(id, messageId, text);
    }
  }

  /** Polls until there is a value, or the time is over. */
  async #until<T>(withinMs: number, value: () => T | undefined): Promise<T | undefined> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const found = value();
      if (found !== undefined || performance.now() >= deadline) return found;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#changed = undefined;
    }
  }
}
