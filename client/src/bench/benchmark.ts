import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { encodeCommand } from '../../../contract/src/command.ts';
import { LocalCluster } from '../local/local-cluster.ts';
import { Workspace } from '../local/workspace.ts';
import { connect, type SynodClient } from '../sdk/client.ts';
import { clusterTarget, COMMAND_BYTES, type MachineName } from './cluster-target.ts';
import { isMemory, syncLatencyMs } from './disk.ts';
import { Echo } from './echo.ts';
import { runLoad, type Load, type Target } from './load.ts';
import { anonymousMib } from './memory.ts';
import { summarise, type Measurement, type Row } from './summary.ts';

export interface BenchmarkOptions {
  /** Its data goes below it, and is removed afterwards. */
  readonly folder: string;
  readonly machines: readonly MachineName[];
  readonly nodes: number;
  /** Of one sample. */
  readonly seconds: number;
  readonly repetitions: number;
  /** So many commands are applied before memory and restart are looked at. */
  readonly commands: number;
  /** Told before each step. */
  readonly progress: (step: number, steps: number, what: string) => void;
}

export interface BenchmarkReport {
  readonly cores: number;
  readonly processor: string;
  readonly node: string;
  /** Median of an fdatasync where the data is. */
  readonly syncLatencyMs: number;
  readonly seconds: number;
  readonly repetitions: number;
  readonly rows: readonly Row[];
  readonly clusters: readonly ClusterReport[];
}

/** What a cluster looked like when it had applied so many commands. */
export interface ClusterReport {
  readonly machine: MachineName;
  /** Commands that every node had applied. */
  readonly commands: number;
  /** RssAnon of each node. */
  readonly anonymousMib: readonly (number | undefined)[];
  /** From the start of a node, after its kill -9, until it is ready; and of all nodes at once. */
  readonly restartSeconds: { readonly one: number; readonly all: number };
}

/** The folder is no place to measure durability. */
export class NoDiskError extends Error {
  override readonly name = 'NoDiskError';
}

export const loads: readonly Load[] = [
  { clients: 1, packing: 1 },
  { clients: 64, packing: 1 },
  { clients: 512, packing: 1 },
  { clients: 64, packing: 16 },
];

const FILL: Load = { clients: 64, packing: 16 };
const DEADLINE_MS = 60_000;

/** A cluster that is measured. */
interface Measured {
  readonly machine: MachineName;
  readonly cluster: LocalCluster;
  readonly client: SynodClient;
}

/**
 * Measures clusters of real processes beside the bare NATS echo, interleaved.
 * @throws NoDiskError when the folder is in memory
 */
export async function benchmark(options: BenchmarkOptions): Promise<BenchmarkReport> {
  const { machines, seconds, repetitions } = options;
  fs.mkdirSync(options.folder, { recursive: true });
  if (isMemory(options.folder)) {
    throw new NoDiskError(`${options.folder} is in memory (tmpfs). Name a folder on a disk.`);
  }
  const folder = fs.mkdtempSync(path.join(options.folder, 'synod-bench-'));
  const workspace = new Workspace(folder);
  const measured: Measured[] = [];
  let echo: Echo | undefined;
  try {
    const latency = syncLatencyMs(folder);
    for (const machine of machines) measured.push(await startCluster(workspace, machine, options));
    const natsUrl = measured[0]?.cluster.natsUrl ?? '';
    echo = await Echo.start(natsUrl, requestBytes);
    const clusters: ClusterReport[] = [];
    for (const each of measured) clusters.push(await fillAndRestart(each, options));
    const targets = measured.map(({ machine, client }) => clusterTarget(machine, client));
    const samples = await sample([echo, ...targets], options);
    return {
      cores: os.availableParallelism(),
      processor: os.cpus()[0]?.model ?? 'unknown',
      node: process.version,
      syncLatencyMs: latency,
      seconds,
      repetitions,
      rows: summarise(echo.name, samples),
      clusters,
    };
  } finally {
    await echo?.stop();
    for (const { client, cluster } of measured) {
      await client.close();
      await cluster.stop();
    }
    await workspace.destroy();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function startCluster(
  workspace: Workspace,
  machine: MachineName,
  { nodes }: BenchmarkOptions,
): Promise<Measured> {
  const flags = ['--machine', machine, '--log-level', 'warn'];
  const cluster = await LocalCluster.start({ workspace, cluster: machine, nodes, flags });
  const { natsUrl } = cluster;
  const client = await connect({ natsUrl, cluster: machine, deadlineMs: DEADLINE_MS });
  await clusterTarget(machine, client).request(0, 1); // There is a leader.
  return { machine, cluster, client };
}

/** As long as a Synod request with that many commands. */
function requestBytes(packing: number): number {
  const operations = Array.from({ length: packing }, () => Buffer.alloc(COMMAND_BYTES));
  return encodeCommand({ client: '0'.repeat(32), number: 1, lowest: 1, operations }).length;
}

/**
 * Every target under every load, side by side, again and again. The first round is not counted: it
 * lets every process compile what is hot.
 */
async function sample(
  targets: readonly Target[],
  { seconds, repetitions, progress }: BenchmarkOptions,
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  const steps = (1 + repetitions) * loads.length * targets.length;
  let step = 0;
  for (let repetition = 0; repetition <= repetitions; repetition++) {
    for (const load of loads) {
      for (const target of targets) {
        const packed = load.packing === 1 ? '' : ` × ${load.packing}`;
        const round = repetition === 0 ? 'warm-up' : `round ${repetition}`;
        progress(step++, steps, `${round}: ${target.name}, ${load.clients} clients${packed}`);
        const sample = await runLoad(target, load, seconds);
        if (repetition === 0) continue;
        measurements.push({ load, target: target.name, repetition, sample });
      }
    }
  }
  progress(steps, steps, 'done');
  return measurements;
}

/** Fills a cluster, looks at the memory of its nodes, kills one, then all; starts them again. */
async function fillAndRestart(
  { machine, cluster, client }: Measured,
  { commands, progress }: BenchmarkOptions,
): Promise<ClusterReport> {
  const target = clusterTarget(machine, client);
  const { clients, packing } = FILL;
  let left = commands;
  const fill = async (number: number): Promise<void> => {
    for (; left > 0; left -= packing) await target.request(number, packing);
  };
  progress(0, 1, `${machine}: ${commands} commands`);
  await Promise.all(Array.from({ length: clients }, (_, number) => fill(number)));
  progress(0, 1, `${machine}: restart`);
  const members = await client.status({ waitMs: 2_000, expect: cluster.names.length });
  const memory = cluster.names.map((name) => {
    const pid = cluster.node(name)?.pid;
    return pid === undefined ? undefined : anonymousMib(pid);
  });
  const applied = Math.min(...members.map(({ operationsApplied }) => operationsApplied));
  const one = await restart(cluster, client, cluster.names.slice(0, 1));
  const all = await restart(cluster, client, cluster.names);
  const restartSeconds = { one, all };
  return { machine, commands: applied, anonymousMib: memory, restartSeconds };
}

/** @returns seconds until all members are ready, after some were killed */
async function restart(
  cluster: LocalCluster,
  client: SynodClient,
  names: readonly string[],
): Promise<number> {
  const size = cluster.names.length;
  for (const name of names) cluster.node(name)?.kill('SIGKILL');
  for (const name of names) await cluster.node(name)?.exit;
  const begin = performance.now();
  await Promise.all(names.map((name) => cluster.startMember(name)));
  for (;;) {
    const found = await client.status({ waitMs: 100, expect: size });
    const seconds = (performance.now() - begin) / 1000;
    if (found.length === size && found.every(({ ready }) => ready)) return seconds;
    if (seconds * 1000 > DEADLINE_MS) throw new Error('the nodes are not ready again');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
