import { connect, type SynodClient } from '../../../client/src/client.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { clusterTarget } from './cluster-target.ts';
import { runLoad } from './load.ts';
import { openLoop, type OpenSample } from './open-loop.ts';
import type { Progress } from './progress.ts';
import { spread, type Spread } from './summary.ts';

/** What clients got that asked for so much. */
export interface OverloadPoint {
  /** Of the capacity. */
  readonly share: number;
  readonly offeredPerSecond: Spread;
  readonly answeredPerSecond: Spread;
  readonly failedPerSecond: Spread;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
}

export interface OverloadReport {
  /** Connections that send. */
  readonly clients: number;
  /** Milliseconds after which a client gives up. */
  readonly deadlineMs: number;
  /** Commands a second of closed-loop clients: what the cluster can do. */
  readonly capacityPerSecond: Spread;
  readonly points: readonly OverloadPoint[];
}

export interface OverloadOptions {
  readonly natsUrl: string;
  readonly cluster: string;
  /** Of one sample. */
  readonly seconds: number;
  readonly repetitions: number;
  readonly progress: Progress;
}

const CLIENTS = 8;
const DEADLINE_MS = 2_000;
const SHARES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];
/** Closed-loop clients that take all that a cluster can give. */
const CAPACITY = { clients: 1024, packing: 1 };

export interface OverloadRun {
  readonly capacityPerSecond: number;
  /** For each share, in their order. */
  readonly samples: readonly (OpenSample & { readonly share: number })[];
}

/** Offers a cluster parts and multiples of what it can do, whether it answers or not. */
export async function overload(
  measured: BenchCluster,
  { natsUrl, cluster, seconds, repetitions, progress }: OverloadOptions,
): Promise<OverloadReport> {
  const connecting = Array.from({ length: CLIENTS }, () =>
    connect({ natsUrl, cluster, deadlineMs: DEADLINE_MS }),
  );
  const clients = await Promise.all(connecting);
  const targets = clients.map((client: SynodClient) => clusterTarget(measured.machine, client));
  const request = (n: number): Promise<unknown> => {
    return targets[n % CLIENTS]?.request(n % CAPACITY.clients, 1) ?? Promise.reject(new Error());
  };
  const steps = repetitions * (1 + SHARES.length);
  const runs: OverloadRun[] = [];
  try {
    for (let round = 0; round < repetitions; round++) {
      const begin = round * (1 + SHARES.length);
      progress(begin, steps, `overload, round ${round + 1}: what the cluster can do`);
      const capacity = (await runLoad(measured.target, CAPACITY, seconds)).commandsPerSecond;
      const samples: (OpenSample & { share: number })[] = [];
      for (const [i, share] of SHARES.entries()) {
        progress(begin + 1 + i, steps, `overload, round ${round + 1}: ${share} times that`);
        const sample = await openLoop(request, share * capacity, seconds);
        samples.push({ share, ...sample });
        await measured.even();
      }
      runs.push({ capacityPerSecond: capacity, samples });
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
  return summariseOverload(runs);
}

export function summariseOverload(runs: readonly OverloadRun[]): OverloadReport {
  const shares = runs[0]?.samples.map(({ share }) => share) ?? [];
  const points = shares.map((share, i): OverloadPoint => {
    const of = (value: (sample: OpenSample) => number): Spread =>
      spread(runs.flatMap(({ samples }) => samples.slice(i, i + 1).map(value)));
    return {
      share,
      offeredPerSecond: spread(runs.map(({ capacityPerSecond }) => share * capacityPerSecond)),
      answeredPerSecond: of(({ answeredPerSecond }) => answeredPerSecond),
      failedPerSecond: of(({ failedPerSecond }) => failedPerSecond),
      p50Ms: of(({ p50Ms }) => p50Ms),
      p99Ms: of(({ p99Ms }) => p99Ms),
    };
  });
  return {
    clients: CLIENTS,
    deadlineMs: DEADLINE_MS,
    capacityPerSecond: spread(runs.map(({ capacityPerSecond }) => capacityPerSecond)),
    points,
  };
}
