import { bootstrap } from '../../cli/src/local/bootstrap.ts';
import { FirstConfigurationFile } from '../../cli/src/local/first-configuration-file.ts';
import { NodeProcess } from '../../cli/src/local/node-process.ts';
import { connect, type SynodClient } from '../../client/src/client.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import { RoutedNats } from './routed-nats.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';

const CLIENT_DEADLINE_MS = 30_000;

/** A cluster whose members have a server of NATS each, with a client at each server. */
export class RoutedCluster {
  readonly folder = new TestFolder();
  readonly names: readonly string[];
  #nats: RoutedNats | undefined;
  #nodes: readonly NodeProcess[] = [];
  #clients: readonly SynodClient[] = [];

  constructor(size: number) {
    this.names = Array.from({ length: size }, (_, i) => `n${i}`);
  }

  async start(): Promise<void> {
    const { workspace, cluster, path } = this.folder;
    this.#nats = await RoutedNats.start(path, this.names.length);
    const { urls } = this.#nats;
    this.#nodes = urls.map((natsUrl, i) => this.#startNode(`n${i}`, natsUrl));
    const members = await Promise.all(this.#nodes.map(({ ready }) => ready));
    const deadlineMs = CLIENT_DEADLINE_MS;
    this.#clients = await Promise.all(
      urls.map((natsUrl) => connect({ natsUrl, cluster, deadlineMs })),
    );
    for (const client of this.clients) {
      await until(
        'every route',
        async () => (await seenBy(client)) === members.length || undefined,
      );
    }
    const file = new FirstConfigurationFile(workspace.dataOf(cluster));
    const [client] = this.clients;
    await bootstrap(file, members, async (id, first) => client?.admin.form(id, first));
  }

  #startNode(name: string, natsUrl: string): NodeProcess {
    const { workspace, cluster } = this.folder;
    const data = this.folder.dataOf(name);
    return new NodeProcess({
      ...{ workspace, cluster, name, data, natsUrl, program: NODE_PROGRAM },
      ...{ logFile: `${data}.log`, flags: ['--http-port', '0'] },
    });
  }

  get nats(): RoutedNats {
    if (this.#nats === undefined) throw new Error('it was not started');
    return this.#nats;
  }

  /** In the order of the servers. */
  get clients(): readonly SynodClient[] {
    return this.#clients;
  }

  /** How many members each client reaches. */
  seen(): Promise<number[]> {
    return Promise.all(this.clients.map(seenBy));
  }

  /** What each member says of itself, over no server of NATS. */
  statuses(): Promise<MemberStatus[]> {
    return Promise.all(
      this.names.map(async (name) => {
        const answer = await fetch(`${this.folder.http(name)}/status`);
        return (await answer.json()) as MemberStatus;
      }),
    );
  }

  /** Who began to lead, one after the other. */
  terms(): string[] {
    return this.folder.terms(this.names);
  }

  async remove(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.close()));
    for (const node of this.#nodes) node.kill('SIGKILL');
    await Promise.all(this.#nodes.map((node) => node.exit));
    await this.#nats?.remove();
    await this.folder.remove();
  }
}

async function seenBy(client: SynodClient): Promise<number> {
  return (await client.admin.status({ waitMs: 500, expect: Infinity })).length;
}
