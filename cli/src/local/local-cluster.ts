import path from 'node:path';
import type { FirstConfiguration } from '../../../contract/src/first-configuration.ts';
import { majorityOf } from '../../../contract/src/majority.ts';
import { isUnfit, type MemberStatus } from '../../../contract/src/status.ts';
import { connect } from '../../../client/src/client.ts';
import { membersOf } from '../../../client/src/members.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { abortable, refuseAborted } from './abortable.ts';
import { admit, bootstrap, type Tell } from './bootstrap.ts';
import { clusterFlag } from './cluster-flag.ts';
import { FirstConfigurationFile } from './first-configuration-file.ts';
import { folderNats } from './folder-nats.ts';
import { NodeProcess } from './node-process.ts';
import { withoutRoles } from './without-roles.ts';
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
  /** Told what takes long, and what a person should know. */
  readonly say?: (what: string) => void;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Ends its start: then nothing is left that it started. */
  readonly signal?: AbortSignal;
}

const STOP_DEADLINE_MS = 8_000;
const TELL_DEADLINE_MS = 10_000;
const TELL_AGAIN_MS = 20;

/** Node processes of one cluster on this machine, with their data in the working folder. */
export class LocalCluster {
  readonly natsUrl: string;
  /** Where its members run: n0, n1, … */
  readonly names: readonly string[];
  readonly #options: LocalClusterOptions;
  readonly #nodes = new Map<string, NodeProcess>();
  readonly #ids = new Map<string, string>();
  #first: FirstConfiguration | undefined;

  private constructor(natsUrl: string, options: LocalClusterOptions) {
    this.natsUrl = natsUrl;
    this.#options = options;
    this.names = Array.from({ length: options.nodes }, (_, i) => `n${i}`);
  }

  /**
   * Starts NATS, if need be, and all members; and makes them one cluster, if they are not yet.
   * @throws Error that says which did not start and where its log is; AnotherClusterError;
   *   InterruptedError
   */
  static async start(options: LocalClusterOptions): Promise<LocalCluster> {
    const { workspace, environment = process.env, say = () => undefined, signal } = options;
    const natsUrl = await folderNats(workspace, environment, say, signal);
    const cluster = new LocalCluster(natsUrl, options);
    try {
      refuseAborted(signal);
      const { names } = cluster;
      const started = Promise.all(names.map((name) => cluster.#startProcess(name)));
      const members = await abortable(started, signal);
      const file = new FirstConfigurationFile(workspace.dataOf(options.cluster));
      cluster.#first = await abortable(bootstrap(file, members, cluster.#tell), signal);
      cluster.#explain(members);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** What the cluster began with. */
  get first(): FirstConfiguration {
    if (this.#first === undefined) throw new Error('the cluster was not started');
    return this.#first;
  }

  /** The id of the member that runs, or ran last, under a name. */
  idOf(name: string): string {
    const id = this.#ids.get(name);
    if (id === undefined) throw new Error(`${name} was not started`);
    return id;
  }

  /** Starts a member that does not run. One with an emptied folder is a new one, without a vote. */
  async startMember(name: string): Promise<void> {
    const status = await this.#startProcess(name);
    await admit(this.first, [status], this.#tell);
    this.#explain([status]);
  }

  async #startProcess(name: string): Promise<MemberStatus> {
    const { workspace, cluster, program, nodeEnvironment, flags = [] } = this.#options;
    const folder = workspace.dataOf(cluster);
    const node = new NodeProcess({
      workspace,
      cluster,
      name,
      natsUrl: this.natsUrl,
      data: path.join(folder, name),
      logFile: path.join(folder, `${name}.log`),
      ...(program === undefined ? {} : { program }),
      ...(nodeEnvironment === undefined ? {} : { environment: nodeEnvironment }),
      flags: ['--http-port', '0', ...flags],
    });
    this.#nodes.set(name, node);
    const status = await node.ready;
    this.#ids.set(name, status.member);
    return status;
  }

  /** A member that has just come up may not have reached NATS with its interest yet. */
  readonly #tell: Tell = async (member, first) => {
    const { natsUrl } = this;
    const { cluster } = this.#options;
    const client = await connect({ natsUrl, cluster, deadlineMs: TELL_DEADLINE_MS });
    const deadline = performance.now() + TELL_DEADLINE_MS;
    try {
      for (;;) {
        try {
          await client.admin.form(member, first);
          return;
        } catch (error) {
          const isAbsent = error instanceof SynodError && error.code === 'NO_MEMBER';
          if (!isAbsent || performance.now() > deadline) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, TELL_AGAIN_MS));
      }
    } finally {
      await client.close();
    }
  };

  /** @param members as they were before they were told */
  #explain(members: readonly MemberStatus[]): void {
    const { say = () => undefined } = this.#options;
    const { voters } = membersOf(members).lists;
    const known = voters.length > 0 ? voters : this.first.members;
    const here = new Set(this.#ids.values());
    const absent = new Set(known.filter((voter) => !here.has(voter)));
    for (const status of members) {
      const { name, member, role } = status;
      const without = withoutRoles(status);
      if (without !== undefined) say(without);
      if (role !== 'unformed' || known.includes(member)) continue;
      const lost = this.#lostBy(name, absent);
      if (lost !== undefined) absent.delete(lost);
      say(
        `${name} has an empty data folder: it is a new member, ${member}, and has no vote. ` +
          this.#admission(name, lost),
      );
    }
    const unfit = new Set(members.filter(({ role }) => isUnfit(role)).map(({ member }) => member));
    const running = known.filter((voter) => here.has(voter) && !unfit.has(voter));
    if (running.length >= majorityOf(known.length)) return;
    say(
      `Of ${known.length} voters ${running.length} run here: nothing is decided without a majority.`,
    );
  }

  /** @param absent voters that have not run here, of whom one may have had the emptied folder */
  #lostBy(name: string, absent: ReadonlySet<string>): string | undefined {
    // They were told in the order of their names.
    const began = this.first.members[this.names.indexOf(name)];
    if (began !== undefined && absent.has(began)) return began;
    return absent.size === 1 ? [...absent][0] : undefined;
  }

  /** The command that gives a new member a vote, or the first step to it. */
  #admission(name: string, lost: string | undefined): string {
    const { cluster } = this.#options;
    const where = clusterFlag(cluster);
    if (lost === undefined) return `"synod member add ${name}${where}" makes it a learner.`;
    return (
      `The old one, ${lost}, can never come back: "synod member replace ${lost} ${name}${where}" ` +
      'puts the new one in its place.'
    );
  }

  /** Those that have ended, and how; but for those that somebody has started again. */
  ended(): readonly { readonly name: string; readonly how: string }[] {
    const { workspace, cluster } = this.#options;
    const running = new Set(workspace.nodesOf(cluster).map(({ name }) => name));
    return [...this.#nodes].flatMap(([name, { ending: how }]) =>
      how === undefined || running.has(name) ? [] : [{ name, how }],
    );
  }

  node(name: string): NodeProcess | undefined {
    return this.#nodes.get(name);
  }

  /** Stops every member in order, and NATS when nobody else in the folder uses it. */
  async stop(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.stop(STOP_DEADLINE_MS)));
    await this.#options.workspace.endIdleNats();
  }
}
