import { encodeCounterOperation } from '../../../machines/src/counter/operations.ts';
import { connect, type SynodClient } from '../../../client/src/client.ts';
import { Answers } from './answers.ts';
import type { BenchCluster } from './bench-cluster.ts';
import { ClosedLoop } from './closed-loop.ts';
import { anonymousMib } from './memory.ts';
import type { Progress } from './progress.ts';
import { pause } from './until.ts';
import { vanishingClients } from './vanishing-clients.ts';
import { counter } from '../../../machines/src/counter/calls.ts';

/** What the members had in memory while something pressed on them. */
export interface PressureRow {
  readonly pressure: string;
  /** The most that each member's RssAnon was; none where the system does not say. */
  readonly mostMib: readonly (number | undefined)[];
  /** Of the clients that did nothing but write; and their longest time without an answer. */
  readonly commandsPerSecond: number;
  readonly gapMs: number;
}

export interface PressureOptions {
  readonly natsUrl: string;
  readonly cluster: string;
  /** How long something presses. */
  readonly seconds: number;
  readonly progress: Progress;
}

/** Presses on a cluster until it is told to stop. */
interface Press {
  readonly name: string;
  readonly press: (
    measured: BenchCluster,
    options: PressureOptions,
    signal: AbortSignal,
  ) => Promise<void>;
}

const CLIENTS = 64;
const SAMPLE_MS = 100;
/** A leader is stopped for longer than another one takes to lead, again and again. */
const STOPPED_SECONDS = 2.5;
const RUNNING_SECONDS = 5;
const READERS = 10;
const READS_EACH = 1000;
const FLOODERS = 16;
const FLOOD_BYTES = 128 * 1024;
const FLOOD_EACH = 250;

const presses: readonly Press[] = [
  { name: 'nothing', press: (_, __, signal) => aborted(signal) },
  { name: 'the leader is stopped for 2.5 s, and again', press: stopLeaders },
  { name: 'a follower is stopped all the time', press: stopFollower },
  { name: '10 clients with 1,000 reads each', press: read },
  { name: 'clients that write once and vanish', press: vanishingClients },
  { name: '16 clients with 250 commands of 128 KiB each', press: flood },
];

/** Puts a cluster under one pressure after the other, beside clients that write. */
export async function pressure(
  measured: BenchCluster,
  options: PressureOptions,
): Promise<PressureRow[]> {
  const rows: PressureRow[] = [];
  for (const [i, press] of presses.entries()) {
    options.progress(i, presses.length, `pressure: ${press.name}`);
    rows.push(await under(press, measured, options));
    await measured.even();
  }
  return rows;
}

async function under(
  { name, press }: Press,
  measured: BenchCluster,
  options: PressureOptions,
): Promise<PressureRow> {
  const pids = measured.names.map((member) => measured.cluster.node(member)?.pid);
  const most = pids.map((): number | undefined => undefined);
  const look = (): void => {
    for (const [i, pid] of pids.entries()) {
      const mib = pid === undefined ? undefined : anonymousMib(pid);
      if (mib !== undefined) most[i] = Math.max(mib, most[i] ?? 0);
    }
  };
  const sampler = setInterval(look, SAMPLE_MS);
  const answers = new Answers();
  const load = new ClosedLoop(measured.target, CLIENTS, answers);
  const over = new AbortController();
  const begin = performance.now();
  try {
    const pressing = press(measured, options, over.signal);
    await Promise.race([pause(options.seconds), pressing]);
    const end = performance.now();
    over.abort();
    await pressing;
    const commandsPerSecond = (answers.count(begin, end) * 1000) / (end - begin);
    await load.stop();
    return {
      pressure: name,
      mostMib: most,
      commandsPerSecond,
      gapMs: answers.longestGap(begin).ms,
    };
  } finally {
    over.abort();
    clearInterval(sampler);
  }
}

async function stopLeaders(
  measured: BenchCluster,
  { seconds }: PressureOptions,
  signal: AbortSignal,
): Promise<void> {
  const share = Math.min(1, seconds / (STOPPED_SECONDS + RUNNING_SECONDS));
  const over = aborted(signal);
  while (!signal.aborted) {
    const { name } = await measured.leader();
    await stopped(measured, name, () => pause(share * STOPPED_SECONDS));
    await Promise.race([pause(share * RUNNING_SECONDS), over]);
  }
}

async function stopFollower(
  measured: BenchCluster,
  _: PressureOptions,
  signal: AbortSignal,
): Promise<void> {
  const { name } = await measured.leader();
  const follower = measured.names.find((other) => other !== name);
  if (follower !== undefined) await stopped(measured, follower, () => aborted(signal));
}

async function stopped(
  { cluster }: BenchCluster,
  name: string,
  meanwhile: () => Promise<void>,
): Promise<void> {
  cluster.node(name)?.kill('SIGSTOP');
  try {
    await meanwhile();
  } finally {
    cluster.node(name)?.kill('SIGCONT');
  }
}

async function read(_: BenchCluster, options: PressureOptions, signal: AbortSignal): Promise<void> {
  await withClients(READERS, options, signal, READS_EACH, (client) => {
    return client.machine(counter).read('register-0');
  });
}

async function flood(
  _: BenchCluster,
  options: PressureOptions,
  signal: AbortSignal,
): Promise<void> {
  const add = { type: 'add', register: 'flood', delta: 1 } as const;
  const operation = encodeCounterOperation(add, FLOOD_BYTES);
  await withClients(FLOODERS, options, signal, FLOOD_EACH, (client) => client.propose([operation]));
}

/** So many clients with so many requests each under way, until they are stopped. */
async function withClients(
  count: number,
  { natsUrl, cluster }: PressureOptions,
  signal: AbortSignal,
  each: number,
  request: (client: SynodClient) => Promise<unknown>,
): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: count }, () => connect({ natsUrl, cluster })),
  );
  const run = async (client: SynodClient): Promise<void> => {
    while (!signal.aborted) await request(client).catch(() => undefined); // Some are too late.
  };
  await Promise.all(clients.flatMap((client) => Array.from({ length: each }, () => run(client))));
  await Promise.all(clients.map((client) => client.close()));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
