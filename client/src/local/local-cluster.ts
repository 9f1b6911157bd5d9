import path from 'node:path';
import { folderNats } from './folder-nats.ts';
import { NodeProcess } from './node-process.ts';
import type { Workspace } from './workspace.ts';

export interface LocalClusterOptions {
  readonly workspace: Workspace;
  readonly cluster: string;
  /** How many members. */
  readonly nodes: number;
  /** The program of a node, and more variables of its environment: see `NodeOptions`. */
  readonly program?: string;
  readonly nodeEnvironment?: Readonly<Record<string, string>>;
  /** More flags for every node. */
  readonly flags?: readonly string[];
  /** Told what takes long. */
  readonly say?: (what: string) => void;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const STOP_DEADLINE_MS = 8_000;

/** Node processes of one cluster on this machine, with their data in the working folder. */
export class LocalCluster {
  readonly natsUrl: string;
  readonly members: readonly string[];
  readonly #options: LocalClusterOptions;
  readonly #nodes = new Map<string, NodeProcess>();

  private constructor(natsUrl: string, options: LocalClusterOptions) {
    this.natsUrl = natsUrl;
    this.#options = options;
    this.members = Array.from({ length: options.nodes }, (_, i) => `n${i}`);
  }

  /**
   * Starts NATS, if need be, and all members.
   * @throws Error that says which did not start and where its log is
   */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { workspace, environment = process.env, say = () => undefined } = options;
    const cluster = new LocalCluster(await folderNats(workspace, environment, say), options);
    try {
      await Promise.all(cluster.members.map((member) => cluster.startMember(member)));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Starts a member that does not run. */
  async startMember(member: string): Promise<void> {
    const { workspace, cluster, program, nodeEnvironment, flags = [] } = this.#options;
    const folder = workspace.dataOf(cluster);
    const node = new NodeProcess({
      workspace,
      cluster,
      member,
      members: this.members,
      natsUrl: this.natsUrl,
      data: path.join(folder, member),
      logFile: path.join(folder, `${member}.log`),
      ...(program === undefined ? {} : { program }),
      ...(nodeEnvironment === undefined ? {} : { environment: nodeEnvironment }),
      flags: ['--http-port', '0', ...flags],
    });
    this.#nodes.set(member, node);
    await node.ready;
  }

  node(member: string): NodeProcess | undefined {
    return this.#nodes.get(member);
  }

  /** Stops every member in order, and NATS when nobody else in the folder uses it. */
  async stop(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.stop(STOP_DEADLINE_MS)));
    await this.#options.workspace.endIdleNats();
  }
}
