import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeChatOperation, parseChatResult } from '../../../machines/src/chat-log/operations.ts';
import type { LocalCluster } from '../../../cli/src/local/local-cluster.ts';
import { connect, type SynodClient } from '../../../client/src/client.ts';
import { Applier } from '../../../node/src/machine/applier.ts';
import { chatLogMachine } from '../../../machines/src/chat-log/machine.ts';
import { openLmdbState } from '../../../node/src/storage/lmdb-state.ts';
import { NatsProcess } from '../../journeys/nats-process.ts';
import { TestFolder } from '../../journeys/test-cluster.ts';
import { all } from './all.ts';
import { MOST_BYTES } from './author.ts';
import type { Fault, Round } from './faults.ts';

const MEMBERS = 3;
const FLAGS = ['--max-command-bytes', String(MOST_BYTES), '--log-bytes', String(4 * 1024 * 1024)];

/** What a member has on its disk. */
export interface Kept {
  readonly texts: readonly string[];
  readonly stateHash: string;
}

/** Three real nodes and a real broker, which faults strike. */
export class BatteredCluster {
  readonly #folder: TestFolder;
  readonly #broker: NatsProcess;
  readonly #cluster: LocalCluster;
  readonly #clients: SynodClient[] = [];
  readonly #observer: SynodClient;
  readonly #say: (what: string) => void;

  private constructor(
    parts: { folder: TestFolder; broker: NatsProcess; cluster: LocalCluster },
    observer: SynodClient,
    say: (what: string) => void,
  ) {
    this.#folder = parts.folder;
    this.#broker = parts.broker;
    this.#cluster = parts.cluster;
    this.#observer = observer;
    this.#say = say;
    this.#clients.push(observer);
  }

  /** @param say told what happens to whom */
  static async start(say: (what: string) => void = () => undefined): Promise<BatteredCluster> {
    const broker = await NatsProcess.reserve();
    const folder = new TestFolder();
    try {
      await broker.start();
      const cluster = await folder.start(MEMBERS, broker.url, FLAGS);
      const observer = await connect({ natsUrl: broker.url, cluster: folder.cluster });
      return new BatteredCluster({ folder, broker, cluster }, observer, say);
    } catch (error) {
      await folder.remove();
      await broker.kill();
      throw error;
    }
  }

  get names(): readonly string[] {
    return this.#cluster.names;
  }

  /** A client that asks how the members are. */
  get observer(): SynodClient {
    return this.#observer;
  }

  /** `remove` closes it. */
  async client(deadlineMs: number): Promise<SynodClient> {
    const { cluster } = this.#folder;
    const client = await connect({ natsUrl: this.#broker.url, cluster, deadlineMs });
    this.#clients.push(client);
    return client;
  }

  /** @returns once everybody runs again */
  async strike({ faults, order }: Round): Promise<void> {
    const struck = new Set<string>();
    await all(
      faults.map(async (fault) => {
        await delay(fault.afterMs);
        if (fault.type === 'broker') return this.#restartBroker(fault);
        const victims = await this.#victims(fault, order, struck);
        await all(victims.map((name) => this.#hit(name, fault)));
      }),
    );
  }

  #hit(name: string, fault: Fault): Promise<void> {
    return fault.type === 'kill' ? this.#kill(name, fault) : this.#stop(name, fault);
  }

  /** @param struck whom another fault has already: it is left alone; who is chosen is added */
  async #victims(
    { leader, others }: Fault,
    order: readonly number[],
    struck: Set<string>,
  ): Promise<string[]> {
    const leading = await this.#leader();
    const free = order.map((i) => this.names[i] ?? '').filter((name) => !struck.has(name));
    const first = free.find((name) => name === leading) ?? free[0];
    const rest = free.filter((name) => name !== first);
    const victims = [...(leader && first !== undefined ? [first] : []), ...rest.slice(0, others)];
    for (const name of victims) struck.add(name);
    return victims;
  }

  async #leader(): Promise<string | undefined> {
    const statuses = await this.#observer.admin.status({ waitMs: 200, expect: MEMBERS });
    return statuses.find(({ role }) => role === 'leader')?.name;
  }

  async #kill(name: string, { lastsMs }: Fault): Promise<void> {
    const node = this.#cluster.node(name);
    node?.kill('SIGKILL');
    await node?.exit;
    this.#say(`${name} was killed`);
    await delay(lastsMs);
    await this.#cluster.startMember(name);
    this.#say(`${name} was started`);
  }

  async #stop(name: string, { lastsMs }: Fault): Promise<void> {
    const node = this.#cluster.node(name);
    node?.kill('SIGSTOP');
    this.#say(`${name} was stopped`);
    try {
      await delay(lastsMs);
    } finally {
      node?.kill('SIGCONT');
    }
    this.#say(`${name} goes on`);
  }

  async #restartBroker({ lastsMs }: Fault): Promise<void> {
    await this.#broker.kill();
    this.#say('the broker was killed');
    await delay(lastsMs);
    await this.#broker.start();
    this.#say('the broker was started');
  }

  /** Ends all members in order. @returns what each of them has */
  async end(): Promise<ReadonlyMap<string, Kept>> {
    await this.#cluster.stop();
    const kept = new Map<string, Kept>();
    for (const name of this.names) kept.set(name, await this.#kept(name));
    return kept;
  }

  async #kept(name: string): Promise<Kept> {
    const { clusterId } = this.#cluster.first;
    const folder = this.#folder.dataOf(name);
    const state = openLmdbState({ folder, clusterId, memberId: this.#cluster.idOf(name) });
    try {
      const applier = new Applier(chatLogMachine, state.tables, {});
      const texts: string[] = [];
      for (;;) {
        const page = { type: 'read', from: texts.length, limit: 1_000 } as const;
        const found = parseChatResult(applier.query(encodeChatOperation(page)));
        if (found.type !== 'texts') throw new Error(`${name} keeps no chat log`);
        texts.push(...found.texts);
        if (texts.length >= found.total) return { texts, stateHash: applier.stateHash() };
      }
    } finally {
      await state.close();
    }
  }

  /** Ends all members at once, and copies what they have, and their logs. */
  async endAndCopy(folder: string): Promise<void> {
    const { workspace, cluster } = this.#folder;
    for (const name of this.names) this.#cluster.node(name)?.kill('SIGKILL');
    await all(this.names.map(async (name) => this.#cluster.node(name)?.exit));
    fs.cpSync(workspace.dataOf(cluster), path.join(folder, 'members'), { recursive: true });
  }

  async remove(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.#folder.remove();
    await this.#broker.kill();
  }
}
