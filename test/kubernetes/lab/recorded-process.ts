import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { until } from './deadline.ts';

const DEATH_DEADLINE_MS = 20_000;

/** A process outlives the command that started it; a file says which it is. */
interface ProcessRecord {
  readonly pid: number;
  /** In clock ticks since the system started: the same id may belong to another process later. */
  readonly startedAt: string;
}

/** A long-running program of the lab, known by a record in a file. */
export class RecordedProcess {
  readonly #file: string;
  readonly #log: string;

  constructor(file: string, log: string) {
    this.#file = file;
    this.#log = log;
  }

  /** Its process id while it runs. */
  get pid(): number | undefined {
    const record = this.#read();
    if (record === undefined || startOf(record.pid) !== record.startedAt) return undefined;
    return record.pid;
  }

  /** Its only child: what `nsenter` or `unshare` started, and waits for. */
  get child(): number | undefined {
    const { pid } = this;
    return pid === undefined ? undefined : childOf(pid);
  }

  /** Starts it unless it runs; what it prints is added to its log. */
  start(program: string, args: readonly string[]): void {
    if (this.pid !== undefined) return;
    for (const file of [this.#file, this.#log]) mkdirSync(path.dirname(file), { recursive: true });
    const log = openSync(this.#log, 'a');
    try {
      const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], cwd: '/' });
      child.on('error', () => undefined); // Whoever waits for it to be ready will say so.
      child.unref();
      if (child.pid === undefined) return;
      const record = { pid: child.pid, startedAt: startOf(child.pid) ?? '' };
      writeFileSync(this.#file, JSON.stringify(record));
    } finally {
      closeSync(log);
    }
  }

  /** Tells its child to stop, and kills it when it does not; does nothing when it does not run. */
  async stop(graceMs = 5000): Promise<void> {
    const { child } = this;
    if (child !== undefined) {
      send(child, 'SIGTERM');
      send(child, 'SIGCONT');
      const gone = (): boolean => startOf(child) === undefined;
      await until('it stopped', graceMs, gone).catch(() => undefined);
    }
    await this.kill();
  }

  async kill(): Promise<void> {
    const { pid, child } = this;
    if (child !== undefined) send(child, 'SIGKILL');
    if (pid !== undefined) {
      await until('its end was noticed', 1000, () => this.pid === undefined).catch(() => undefined);
      if (this.pid !== undefined) send(pid, 'SIGKILL');
      await until(`${this.#file} named no process`, DEATH_DEADLINE_MS, () => !this.pid);
    }
    rmSync(this.#file, { force: true });
  }

  /** Sends its child a signal: `SIGSTOP`, say. */
  signal(signal: NodeJS.Signals): void {
    const { pid, child } = this;
    if (child !== undefined) send(child, signal);
    // nsenter stops when its child does.
    if (pid !== undefined && signal === 'SIGCONT') send(pid, signal);
  }

  #read(): ProcessRecord | undefined {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as ProcessRecord;
    } catch {
      return undefined;
    }
  }
}

function childOf(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children === '' ? undefined : Number(children.split(' ')[0]);
  } catch {
    return undefined;
  }
}

/** When a process started; undefined for one that has ended, also if nobody has noticed yet. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Its name, in parentheses, may hold anything; state is the first field behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
