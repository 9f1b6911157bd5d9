import type { MemberStatus } from '../../../contract/src/status.ts';
import { LocalCluster } from '../local/local-cluster.ts';
import type { Workspace } from '../local/workspace.ts';
import { connect, type SynodClient } from '../../../client/src/client.ts';
import type { MachineName } from '../../../machines/src/names.ts';
import { clusterTarget } from './cluster-target.ts';
import type { Target } from './load.ts';
import { until } from './until.ts';

/** Longer than anything takes that is measured, but for the copy of a large state. */
export const DEADLINE_MS = 60_000;
const STATUS_MS = 200;

export interface BenchClusterOptions {
  readonly workspace: Workspace;
  /** Of the cluster. */
  readonly name: string;
  readonly machine: MachineName;
  readonly nodes: number;
  /** What `--log-bytes` of its nodes is. */
  readonly logBytes: number;
  readonly logLevel: 'warn' | 'info';
}

/** A cluster that is measured, a client of it, and what both are asked again and again. */
export class BenchCluster {
  readonly machine: MachineName;
  readonly cluster: LocalCluster;
  readonly client: SynodClient;
  /** Of the texts or registers that the machine is loaded with. */
  readonly target: Target;

  private constructor(machine: MachineName, cluster: LocalCluster, client: SynodClient) {
    this.machine = machine;
    this.cluster = cluster;
    this.client = client;
    this.target = clusterTarget(machine, client);
  }

  /** @returns once it has a leader */
  static async start(options: BenchClusterOptions): Promise<BenchCluster> {
    const { workspace, name, machine, nodes, logBytes, logLevel } = options;
    const flags = ['--machine', machine, '--log-level', logLevel, '--log-bytes', String(logBytes)];
    const cluster = await LocalCluster.start({ workspace, cluster: name, nodes, flags });
    const { natsUrl } = cluster;
    const client = await connect({ natsUrl, cluster: name, deadlineMs: DEADLINE_MS });
    const started = new BenchCluster(machine, cluster, client);
    await started.target.request(0, 1);
    return started;
  }

  get names(): readonly string[] {
    return this.cluster.names;
  }

  /** What the members that answer say of themselves. @param expect how many there are */
  status(expect = this.names.length): Promise<MemberStatus[]> {
    return this.client.admin.status({ waitMs: STATUS_MS, expect });
  }

  /** The member that leads. */
  leader(): Promise<MemberStatus> {
    return until('a leader', DEADLINE_MS, async () =>
      (await this.status()).find(({ role }) => role === 'leader'),
    );
  }

  /** Every member is ready, and has applied as much as every other. */
  even(): Promise<MemberStatus[]> {
    return until('all members at one slot', DEADLINE_MS, async () => {
      const members = await this.status();
      const isEven = new Set(members.map(({ slotOut }) => slotOut)).size === 1;
      const areReady = members.length === this.names.length && members.every(({ ready }) => ready);
      return isEven && areReady ? members : undefined;
    });
  }

  async kill(name: string): Promise<void> {
    this.cluster.node(name)?.kill('SIGKILL');
    await this.cluster.node(name)?.exit;
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.cluster.stop();
  }
}
