import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until as untilDeadline } from '../../cli/src/bench/until.ts';
import { FirstConfigurationFile } from '../../cli/src/local/first-configuration-file.ts';
import { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { Workspace } from '../../cli/src/local/workspace.ts';
import { connect, type SynodClient } from '../../client/src/client.ts';
import { SHARED_MS } from '../../host/src/shared-metrics.ts';
import { openDataFolder } from '../../node/src/storage/data-folder.ts';

export const NODE_PROGRAM = path.resolve('dist/node/src/main.js');
const DEADLINE_MS = 20_000;

/** Asked again and again until it gives something; a test's deadline is a failure. */
export function until<T>(
  what: string,
  found: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  return untilDeadline(what, DEADLINE_MS, found);
}

/** A working folder of its own for real node processes; `remove` ends them. */
export class TestFolder {
  readonly path = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'synod-failures-')));
  readonly workspace = new Workspace(this.path);
  readonly cluster = 'journey';
  readonly #clients: SynodClient[] = [];
  /** When the metrics of each member were read last. */
  readonly #metricsRead = new Map<string, number>();

  dataOf(member: string): string {
    return path.join(this.workspace.dataOf(this.cluster), member);
  }

  /**
   * Formats the members n0, n1, … of a cluster that is to be started, and begins it with another
   * WINDOW than `start` does.
   */
  format(nodes: number, window: number): void {
    const cluster = `local/${this.cluster}`;
    const members = Array.from(
      { length: nodes },
      (_, i) => openDataFolder(this.dataOf(`n${i}`), { cluster }).memberId,
    );
    const file = new FirstConfigurationFile(this.workspace.dataOf(this.cluster));
    file.create({ clusterId: 'formatted', members, window });
  }

  /**
   * @param natsUrl of a server outside the folder; without it, the folder starts one
   * @param flags more flags for every node
   */
  start(nodes: number, natsUrl?: string, flags: readonly string[] = []): Promise<LocalCluster> {
    const { workspace, cluster } = this;
    const environment = { ...process.env, SYNOD_NATS_URL: natsUrl };
    const program = NODE_PROGRAM;
    return LocalCluster.start({ workspace, cluster, nodes, environment, program, flags });
  }

  /** `remove` closes it. */
  async client({ natsUrl }: { readonly natsUrl: string }): Promise<SynodClient> {
    const client = await connect({ natsUrl, cluster: this.cluster, deadlineMs: DEADLINE_MS });
    this.#clients.push(client);
    return client;
  }

  /** The log lines that a member has written, in all of its runs. */
  log(member: string): Record<string, unknown>[] {
    const file = `${this.dataOf(member)}.log`;
    if (!fs.existsSync(file)) return [];
    const lines = fs.readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Which of the members began to lead, one after the other. */
  terms(members: readonly string[]): string[] {
    const begun = members.flatMap((member) => {
      const lines = this.log(member).filter(({ msg }) => msg === 'leads');
      return lines.map(({ time }) => ({ member, time: Date.parse(String(time)) }));
    });
    return begun.toSorted((a, b) => a.time - b.time).map(({ member }) => member);
  }

  /** Where the HTTP server of a member listens: its last run's. */
  http(member: string): string {
    const port = this.log(member).findLast(({ msg }) => msg === 'http listens')?.['port'];
    if (typeof port !== 'number') throw new Error(`${member} serves no HTTP`);
    return `http://127.0.0.1:${port}`;
  }

  /** A metric of a member as it is now; `series` as it stands in the text, with its labels. */
  async metric(member: string, series: string): Promise<number> {
    // What was read last is shared for a while: it may be older than what the test has seen since.
    const shared = (this.#metricsRead.get(member) ?? -Infinity) + SHARED_MS - performance.now();
    if (shared > 0) await delay(shared);
    const text = await (await fetch(`${this.http(member)}/metrics`)).text();
    this.#metricsRead.set(member, performance.now());
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    if (line === undefined) throw new Error(`${member} has no ${series}`);
    return Number(line.slice(series.length + 1));
  }

  /** Every file of a member's data, to compare: but LMDB's table of readers, and who uses it. */
  snapshot(member: string): Map<string, string> {
    const found = new Map<string, string>();
    const folder = this.dataOf(member);
    for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || /(^|-)lock$/.test(entry.name)) continue;
      const file = path.join(entry.parentPath, entry.name);
      found.set(path.relative(folder, file), fs.readFileSync(file, 'base64'));
    }
    return found;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.workspace.destroy();
    fs.rmSync(this.path, { recursive: true, force: true });
  }
}
