import type { MemberStatus } from '../../../contract/src/status.ts';
import { DEADLINE_MS, type BenchCluster } from './bench-cluster.ts';
import type { MachineName } from '../../../machines/src/names.ts';
import { fill } from './fill.ts';
import { logGrowth, LogSampler, type LogGrowth, type LogSample } from './log-growth.ts';
import { anonymousMib } from './memory.ts';
import type { Progress } from './progress.ts';
import { until } from './until.ts';

/** What a cluster looked like when it had applied so many commands. */
export interface ClusterReport {
  readonly machine: MachineName;
  /** Commands that every node had applied. */
  readonly commands: number;
  readonly fillSeconds: number;
  /** RssAnon of each node. */
  readonly anonymousMib: readonly (number | undefined)[];
  /** Of the node with the most. */
  readonly stateBytes: number;
  readonly log: LogGrowth;
  /** From the start of a node, after its kill -9, until it is ready; and of all nodes at once. */
  readonly restartSeconds: { readonly one: number; readonly all: number };
}

export interface RestartOptions {
  readonly commands: number;
  /** What `--log-bytes` of the nodes is. */
  readonly logBytes: number;
  readonly progress: Progress;
}

/** Fills a cluster, looks at the memory of its nodes, kills one, then all; starts them again. */
export async function fillAndRestart(
  measured: BenchCluster,
  { commands, logBytes, progress }: RestartOptions,
): Promise<ClusterReport> {
  const { machine, cluster, names, target } = measured;
  const sampler = new LogSampler(() => measured.status());
  const begin = performance.now();
  let fillSeconds: number;
  let members: MemberStatus[] = [];
  let samples: readonly LogSample[];
  try {
    await fill(target, commands, (answered) => {
      progress(Math.min(answered, commands), commands, `${machine}: ${answered} commands`);
    });
    fillSeconds = (performance.now() - begin) / 1000;
    members = await measured.even();
  } finally {
    samples = await sampler.stop(members);
  }
  const memory = names.map((name) => {
    const pid = cluster.node(name)?.pid;
    return pid === undefined ? undefined : anonymousMib(pid);
  });
  progress(0, 2, `${machine}: restart of one node`);
  const one = await restart(measured, names.slice(0, 1));
  progress(1, 2, `${machine}: restart of all nodes`);
  const all = await restart(measured, names);
  return {
    machine,
    commands: Math.min(...members.map(({ operationsApplied }) => operationsApplied)),
    fillSeconds,
    anonymousMib: memory,
    stateBytes: Math.max(...members.map(({ stateBytes }) => stateBytes)),
    log: logGrowth(logBytes, samples),
    restartSeconds: { one, all },
  };
}

/** @returns seconds until all members are ready, after some were killed */
async function restart(measured: BenchCluster, killed: readonly string[]): Promise<number> {
  const { cluster, client, names } = measured;
  await Promise.all(killed.map((name) => measured.kill(name)));
  const begin = performance.now();
  await Promise.all(killed.map((name) => cluster.startMember(name)));
  await until('ready nodes', DEADLINE_MS, async () => {
    const found = await client.admin.status({ waitMs: 100, expect: names.length });
    const areReady = found.length === names.length && found.every(({ ready }) => ready);
    return areReady ? true : undefined;
  });
  return (performance.now() - begin) / 1000;
}
