import fs from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../../../host/src/folder.ts';
import { end, isRunning, startOf, type ProcessId } from './running.ts';

/** A process that was started from a working folder. */
export interface StartedProcess extends ProcessId {
  readonly kind: 'node' | 'nats-server';
  /** Of a node: its cluster. */
  readonly cluster?: string;
  /** Of a node: what it is called there. */
  readonly name?: string;
  /** Of a nats-server: where it listens. */
  readonly url?: string;
}

/**
 * The folder `.synod` in a working folder: data, logs, and a record of each process that was
 * started from there, so that it can be ended by its id and start time.
 */
export class Workspace {
  readonly path: string;

  /** @param folder the working folder */
  constructor(folder: string) {
    this.path = path.resolve(folder, '.synod');
  }

  /** Where the data of a cluster's members is. */
  dataOf(cluster: string): string {
    return path.join(this.path, 'clusters', cluster);
  }

  get #records(): string {
    return path.join(this.path, 'processes');
  }

  /** Records a process that has just been started. */
  record(pid: number, what: Omit<StartedProcess, 'pid' | 'start'>): StartedProcess {
    const started = { pid, start: startOf(pid), ...what };
    makeFolder(this.#records);
    const file = path.join(this.#records, `${pid}.json`);
    fs.writeFileSync(`${file}.new`, JSON.stringify(started));
    fs.renameSync(`${file}.new`, file);
    return started;
  }

  /** The recorded processes that still run; the records of others are dropped. */
  running(): StartedProcess[] {
    if (!fs.existsSync(this.#records)) return [];
    const running: StartedProcess[] = [];
    for (const name of fs.readdirSync(this.#records)) {
      if (!name.endsWith('.json')) continue;
      const file = path.join(this.#records, name);
      const started = readRecord(file);
      if (started !== undefined && isRunning(started)) running.push(started);
      else fs.rmSync(file, { force: true });
    }
    return running;
  }

  /** The nodes of a cluster that still run, in the order of their names. */
  nodesOf(cluster: string): StartedProcess[] {
    const nodes = this.running().filter((each) => each.kind === 'node' && each.cluster === cluster);
    return nodes.sort((a, b) =>
      (a.name ?? '').localeCompare(b.name ?? '', 'en', { numeric: true }),
    );
  }

  /** The names of the members whose data is here, in order. */
  membersOf(cluster: string): string[] {
    const folder = this.dataOf(cluster);
    if (!fs.existsSync(folder)) return [];
    const entries = fs.readdirSync(folder, { withFileTypes: true });
    const names = entries.filter((each) => each.isDirectory()).map(({ name }) => name);
    return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }

  /**
   * Ends nodes and destroys their data; and the nats-server, when no node is left to use it.
   * @param cluster only this one's; without it everything
   */
  async destroy(cluster?: string): Promise<void> {
    const nodes = this.running().filter(({ kind }) => kind === 'node');
    const mine = nodes.filter((node) => cluster === undefined || node.cluster === cluster);
    await Promise.all(mine.map((node) => end(node, 0)));
    fs.rmSync(cluster === undefined ? path.join(this.path, 'clusters') : this.dataOf(cluster), {
      recursive: true,
      force: true,
    });
    await this.endIdleNats();
    if (this.running().length === 0 && cluster === undefined) {
      fs.rmSync(this.path, { recursive: true, force: true });
    }
  }

  /** Ends the nats-server when none of the folder's nodes runs any more. */
  async endIdleNats(): Promise<void> {
    const running = this.running();
    if (running.some(({ kind }) => kind === 'node')) return;
    await Promise.all(running.map((server) => end(server, 2_000)));
    this.running();
  }
}

function readRecord(file: string): StartedProcess | undefined {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')) as StartedProcess;
  } catch {
    return undefined;
  }
}
