import fs from 'node:fs';
import path from 'node:path';
import { connect, type SynodClient } from '../../../client/src/client.ts';
import type { Members } from '../../../client/src/members.ts';
import { makeFolder } from '../../../host/src/folder.ts';
import { LocalCluster } from '../local/local-cluster.ts';
import { Workspace } from '../local/workspace.ts';
import { NATS, type Target } from './target.ts';

const CLUSTER = 'chaos';
const MEMBERS = 3;
/** Longer than any fault lasts: what waits is answered then. */
const DEADLINE_MS = 20_000;
const STOP_MS = 10_000;

export interface LocalTargetOptions {
  /** Its data goes below it, and is removed afterwards. */
  readonly folder: string;
  /** What is amiss with a cluster; nothing when all is well. */
  readonly ailmentOf: (members: Members) => string | undefined;
  readonly signal: AbortSignal;
  /** Of a node; the built one without it. */
  readonly program?: string;
}

/** Three real processes on this machine, of the machine that hides no second run of a command. */
export class LocalTarget implements Target {
  readonly client: SynodClient;
  readonly #cluster: LocalCluster;
  readonly #workspace: Workspace;
  readonly #options: LocalTargetOptions;

  private constructor(
    cluster: LocalCluster,
    client: SynodClient,
    workspace: Workspace,
    options: LocalTargetOptions,
  ) {
    this.#cluster = cluster;
    this.client = client;
    this.#workspace = workspace;
    this.#options = options;
  }

  /**
   * Starts a cluster, and ends it with all its data when the work is over.
   * @throws what the start of a cluster throws: see LocalCluster
   */
  static async with<T>(
    options: LocalTargetOptions,
    work: (target: LocalTarget) => Promise<T>,
  ): Promise<T> {
    makeFolder(options.folder);
    const folder = fs.mkdtempSync(path.join(options.folder, 'synod-chaos-'));
    const workspace = new Workspace(folder);
    let client: SynodClient | undefined;
    try {
      const flags = ['--machine', 'counter'];
      const { signal, program } = options;
      const named = { workspace, cluster: CLUSTER, nodes: MEMBERS, ...(program && { program }) };
      // Never the NATS that somebody uses: it is a part of what is broken.
      const environment = { ...process.env, SYNOD_NATS_URL: undefined };
      const cluster = await LocalCluster.start({ ...named, environment, flags, signal });
      const { natsUrl } = cluster;
      client = await connect({ natsUrl, cluster: CLUSTER, deadlineMs: DEADLINE_MS });
      return await work(new LocalTarget(cluster, client, workspace, options));
    } finally {
      for (const { pid } of workspace.running()) goOn(pid); // Who hangs cannot be ended in order.
      await client?.close();
      await workspace.destroy();
      fs.rmSync(folder, { recursive: true, force: true });
    }
  }

  get names(): readonly string[] {
    return this.#cluster.names;
  }

  async kill(names: readonly string[]): Promise<void> {
    const nodes = names.flatMap((name) => this.#cluster.node(name) ?? []);
    for (const node of nodes) node.kill('SIGKILL');
    await Promise.all(nodes.map(({ exit }) => exit));
  }

  async stop(name: string): Promise<void> {
    await this.#cluster.node(name)?.stop(STOP_MS);
  }

  start(name: string): Promise<void> {
    return this.#cluster.startMember(name);
  }

  pause(name: string): void {
    for (const pid of this.#pidsOf(name)) process.kill(pid, 'SIGSTOP');
  }

  resume(name: string): void {
    for (const pid of this.#pidsOf(name)) goOn(pid);
  }

  #pidsOf(name: string): number[] {
    const found = this.#workspace
      .running()
      .filter((each) => (name === NATS ? each.kind === 'nats-server' : each.name === name))
      .map(({ pid }) => pid);
    // Else a fault that struck nobody would pass.
    if (found.length === 0) throw new Error(`${name} does not run`);
    return found;
  }

  async ailment(): Promise<string | undefined> {
    return this.#options.ailmentOf(await this.client.admin.members());
  }
}

function goOn(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended.
  }
}
