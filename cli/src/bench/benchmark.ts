import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeFolder } from '../../../host/src/folder.ts';
import { Workspace } from '../local/workspace.ts';
import { BenchCluster, type BenchClusterOptions } from './bench-cluster.ts';
import type { CatchUpReport } from './catch-up-summary.ts';
import { catchUp } from './catch-up.ts';
import type { MachineName } from '../../../machines/src/names.ts';
import { readTargets } from './cluster-target.ts';
import { isMemory, syncLatencyMs } from './disk.ts';
import type { MeasurementName } from './measurements.ts';
import { overload, type OverloadReport } from './overload.ts';
import { pressure, type PressureRow } from './pressure.ts';
import type { Progress } from './progress.ts';
import { recovery, type RecoveryReport } from './recovery.ts';
import { fillAndRestart, type ClusterReport } from './restart.ts';
import type { Row } from './summary.ts';
import { throughput } from './throughput.ts';

export interface BenchmarkOptions {
  /** Its data goes below it, and is removed afterwards. */
  readonly folder: string;
  readonly only: readonly MeasurementName[];
  /** Of throughput and restart. */
  readonly machines: readonly MachineName[];
  readonly nodes: number;
  /** Of one sample. */
  readonly seconds: number;
  readonly repetitions: number;
  /** So many commands are applied before memory and restart are looked at. */
  readonly commands: number;
  /** What `--log-bytes` of the nodes is while they are filled. */
  readonly logBytes: number;
  /** So many MiB of texts are in the state that a blank member takes. */
  readonly stateMib: number;
  readonly progress: Progress;
  /** Ends it before its time; its processes and data are gone all the same. */
  readonly signal?: AbortSignal;
}

export interface BenchmarkReport {
  readonly cores: number;
  readonly processor: string;
  readonly node: string;
  /** Median of an fdatasync where the data is. */
  readonly syncLatencyMs: number;
  readonly seconds: number;
  readonly repetitions: number;
  /** Of the throughput; none when it was not measured. */
  readonly rows: readonly Row[];
  /** Of the restart; none when it was not measured. */
  readonly clusters: readonly ClusterReport[];
  readonly overload?: OverloadReport;
  readonly pressure?: readonly PressureRow[];
  readonly recovery?: RecoveryReport;
  readonly catchUp?: CatchUpReport;
}

/** The folder is no place to measure durability. */
export class NoDiskError extends Error {
  override readonly name = 'NoDiskError';
}

/** It was told to end. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** As short as a node allows: so the log is of no use to a blank member. */
const SHORT_LOG_BYTES = 4 * 1024 * 1024;

/**
 * Measures clusters of real processes on this machine.
 * @throws NoDiskError when the folder is in memory; FolderError, InterruptedError
 */
export async function benchmark(options: BenchmarkOptions): Promise<BenchmarkReport> {
  makeFolder(options.folder);
  if (isMemory(options.folder)) {
    throw new NoDiskError(`${options.folder} is in memory (tmpfs). Name a folder on a disk.`);
  }
  const folder = fs.mkdtempSync(path.join(options.folder, 'synod-bench-'));
  const workspace = new Workspace(folder);
  try {
    const run = new Benchmark(options, folder, workspace).run();
    return await Promise.race([run, interruption(options.signal)]);
  } finally {
    await workspace.destroy();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function interruption(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    const interrupt = (): void => reject(new InterruptedError('The benchmark was interrupted.'));
    signal?.addEventListener('abort', interrupt, { once: true });
  });
}

class Benchmark {
  readonly #options: BenchmarkOptions;
  readonly #folder: string;
  readonly #workspace: Workspace;

  constructor(options: BenchmarkOptions, folder: string, workspace: Workspace) {
    this.#options = options;
    this.#folder = folder;
    this.#workspace = workspace;
  }

  async run(): Promise<BenchmarkReport> {
    const { only, seconds, repetitions } = this.#options;
    const latency = syncLatencyMs(this.#folder);
    const filled = await this.#filled();
    return {
      cores: os.availableParallelism(),
      processor: os.cpus()[0]?.model ?? 'unknown',
      node: process.version,
      syncLatencyMs: latency,
      seconds,
      repetitions,
      ...filled,
      ...(only.includes('overload') && { overload: await this.#overload() }),
      ...(only.includes('pressure') && { pressure: await this.#pressure() }),
      ...(only.includes('recovery') && { recovery: await this.#recovery() }),
      ...(only.includes('catch-up') && { catchUp: await this.#catchUp() }),
    };
  }

  /** A cluster for each machine; they stand beside one another, so that samples are interleaved. */
  async #filled(): Promise<Pick<BenchmarkReport, 'rows' | 'clusters'>> {
    const { only, machines } = this.#options;
    const clusters: ClusterReport[] = [];
    if (!only.includes('restart') && !only.includes('throughput')) return { rows: [], clusters };
    const measured: BenchCluster[] = [];
    try {
      for (const machine of machines) measured.push(await this.#start({ machine }));
      if (only.includes('restart')) {
        for (const each of measured) clusters.push(await fillAndRestart(each, this.#options));
      }
      const natsUrl = measured[0]?.cluster.natsUrl ?? '';
      const targets = measured.flatMap(({ machine, target, client }) => [
        target,
        ...readTargets(machine, client),
      ]);
      const rows = only.includes('throughput')
        ? await throughput(targets, { ...this.#options, natsUrl })
        : [];
      return { rows, clusters };
    } finally {
      for (const each of measured) await each.stop();
    }
  }

  async #overload(): Promise<OverloadReport> {
    const name = 'overload';
    const measured = await this.#start({ name, machine: 'chat-log' });
    try {
      const { natsUrl } = measured.cluster;
      return await overload(measured, { ...this.#options, natsUrl, cluster: name });
    } finally {
      await measured.stop();
    }
  }

  async #pressure(): Promise<PressureRow[]> {
    const name = 'pressure';
    const measured = await this.#start({ name, machine: 'counter' });
    try {
      const { natsUrl } = measured.cluster;
      return await pressure(measured, { ...this.#options, natsUrl, cluster: name });
    } finally {
      await measured.stop();
    }
  }

  async #recovery(): Promise<RecoveryReport> {
    const measured = await this.#start({ name: 'recovery', machine: 'counter' });
    try {
      return await recovery(measured, this.#options);
    } finally {
      await measured.stop();
    }
  }

  async #catchUp(): Promise<CatchUpReport> {
    const measured = await this.#start({
      name: 'catch-up',
      machine: 'chat-log',
      logBytes: SHORT_LOG_BYTES,
      logLevel: 'info', // The log says when a state is there, and where HTTP listens.
    });
    try {
      return await catchUp(measured, {
        ...this.#options,
        workspace: this.#workspace,
        name: 'catch-up',
        logBytes: SHORT_LOG_BYTES,
      });
    } finally {
      await measured.stop();
    }
  }

  #start(
    options: Pick<BenchClusterOptions, 'machine'> & Partial<BenchClusterOptions>,
  ): Promise<BenchCluster> {
    const { nodes, logBytes } = this.#options;
    const workspace = this.#workspace;
    const name = options.machine;
    return BenchCluster.start({ workspace, name, nodes, logBytes, logLevel: 'warn', ...options });
  }
}
