import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../../cli/src/bench/until.ts';
import { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { Workspace } from '../../cli/src/local/workspace.ts';
import { connect, type SynodClient } from '../../client/src/client.ts';
import { SynodError } from '../../contract/src/synod-error.ts';
import { Applier } from '../../node/src/machine/applier.ts';
import { counterMachine } from '../../machines/src/counter/machine.ts';
import { openLmdbState } from '../../node/src/storage/lmdb-state.ts';
import {
  encodeCounterOperation,
  parseCounterResult,
} from '../../machines/src/counter/operations.ts';
import { Random } from '../simulation/random.ts';
import { UnreliableDisk } from './unreliable-disk.ts';
import { counter, type RegisterValue } from '../../machines/src/counter/calls.ts';

const SEED = Number(process.env['SYNOD_SEED'] ?? '1');
const CLIENTS = 16;
const CLUSTER = 'power-cut';
const CALM_DEADLINE_MS = 30_000;
/** More than a leader has under way at a time. */
const SETTLING = 16;
const registers = Array.from({ length: CLIENTS }, (_, i) => `register-${i}`);

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Adds 1 to a register again and again, until the client is closed, and keeps every answer. */
async function load(client: SynodClient, register: string, into: RegisterValue[]): Promise<void> {
  try {
    for (;;) into.push(await client.machine(counter).add(register, 1));
  } catch (error) {
    if (!(error instanceof SynodError && error.code === 'CLOSED')) throw error;
  }
}

/** Runs `work` with three nodes on a disk that loses what is not synced. */
async function withCluster(
  program: (folder: string) => string,
  work: (cluster: LocalCluster, disk: UnreliableDisk, workspace: Workspace) => Promise<void>,
): Promise<void> {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'synod-power-cut-')));
  const workspace = new Workspace(folder);
  const root = workspace.dataOf(CLUSTER);
  fs.mkdirSync(root, { recursive: true });
  try {
    const disk = new UnreliableDisk(folder, root);
    const cluster = await LocalCluster.start({
      workspace,
      cluster: CLUSTER,
      nodes: 3,
      program: program(folder),
      nodeEnvironment: disk.environment(),
      flags: ['--machine', 'counter', '--log-level', 'warn', '--checkpoint-ms', '20'],
    });
    await work(cluster, disk, workspace);
  } finally {
    await workspace.destroy();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Everybody's power fails under load: `ms` after every client has some answers.
 * @returns the answers that clients have
 */
async function loadAndCut(
  cluster: LocalCluster,
  ms: number,
  cut: () => void,
): Promise<RegisterValue[][]> {
  const { natsUrl, names } = cluster;
  const client = await connect({ natsUrl, cluster: CLUSTER, deadlineMs: 60_000 });
  const answers = registers.map((): RegisterValue[] => []);
  const running = Promise.all(registers.map((each, i) => load(client, each, answers[i] ?? [])));
  const deadline = performance.now() + 60_000;
  const underLoad = async (): Promise<void> => {
    const few = (): boolean => answers.some((each) => each.length <= 10);
    while (few() && performance.now() < deadline) await sleep(10);
    await sleep(ms);
  };
  await Promise.race([underLoad(), running]);
  for (const name of names) cluster.node(name)?.kill('SIGKILL');
  for (const name of names) await cluster.node(name)?.exit;
  await client.close();
  cut();
  await Promise.all(names.map((name) => cluster.startMember(name)));
  await running;
  return answers;
}

/**
 * What was under way at the cut may be on the disk of one member, and be decided whenever that one
 * is asked next: also after a read. It is not any more once its slots have been given to others.
 */
async function settle(natsUrl: string): Promise<void> {
  const client = await connect({ natsUrl, cluster: CLUSTER, deadlineMs: 30_000 });
  try {
    for (let i = 0; i < SETTLING; i++) await client.machine(counter).add('settling', 1);
  } finally {
    await client.close();
  }
}

/** Reads the registers. */
async function readAll(natsUrl: string, deadlineMs = 30_000): Promise<number[]> {
  const client = await connect({ natsUrl, cluster: CLUSTER, deadlineMs });
  try {
    const values = await Promise.all(
      registers.map((register) => client.machine(counter).read(register)),
    );
    return values.map(({ value }) => value);
  } finally {
    await client.close();
  }
}

/** Waits until every member has applied the same slots. */
async function calm({ natsUrl, names }: LocalCluster): Promise<void> {
  const client = await connect({ natsUrl, cluster: CLUSTER });
  let found: readonly unknown[] = [];
  const seen = (): string => `calm, of ${JSON.stringify(found)}`;
  await until(seen, CALM_DEADLINE_MS, async () => {
    const statuses = await client.admin.status({ waitMs: 500, expect: names.length });
    found = statuses;
    const slots = new Set(statuses.map(({ slotOut }) => slotOut));
    return (statuses.length === names.length && slots.size === 1) || undefined;
  });
  await client.close();
}

/** The registers as a stopped member has them on its disk. */
async function stored(cluster: LocalCluster, data: string, name: string): Promise<number[]> {
  const { clusterId } = cluster.first;
  const folder = path.join(data, name);
  const state = openLmdbState({ folder, clusterId, memberId: cluster.idOf(name) });
  const applier = new Applier(counterMachine, state.tables, {});
  const values = registers.map((register) => {
    const read = encodeCounterOperation({ type: 'read', register });
    return parseCounterResult(applier.query(read))?.value ?? NaN;
  });
  await state.close();
  return values;
}

/** A copy of the build in which the log says "done" without having waited for the disk. */
function buildWithoutSync(folder: string): string {
  const copy = path.join(folder, 'build');
  fs.cpSync(path.resolve('dist'), path.join(copy, 'dist'), { recursive: true });
  for (const name of ['node_modules', 'package.json']) {
    fs.symlinkSync(path.resolve(name), path.join(copy, name));
  }
  const file = path.join(copy, 'dist/node/src/storage/disk-folder.js');
  const source = fs.readFileSync(file, 'utf8');
  const written = source.replaceAll(' | O_DSYNC', '');
  if (written === source) throw new Error(`${file} has no O_DSYNC to cut out`);
  fs.writeFileSync(file, written);
  return path.join(copy, 'dist/node/src/main.js');
}

test(`power cuts under load, seed ${SEED}: every acknowledged command is in every state, once`, async () => {
  const random = new Random(SEED).next;
  // All that was not synced is lost, or half of it.
  const survivals = [0, 0.5, 0, 0.5];
  await withCluster(
    () => path.resolve('dist/node/src/main.js'),
    async (cluster, disk, workspace) => {
      let before = registers.map(() => 0);
      let lost = 0;
      for (const survival of survivals) {
        const answers = await loadAndCut(cluster, 1_000 + random() * 1_000, () => {
          lost += disk.powerCut(() => random() < survival);
        });
        await settle(cluster.natsUrl);
        const found = await readAll(cluster.natsUrl);
        for (const [i, each] of answers.entries()) {
          expect(each.length).toBeGreaterThan(10);
          const first = before[i] ?? 0;
          expect(each.map(({ value }) => value)).toEqual(each.map((_, n) => first + n + 1));
          // What was under way may have been decided, or not.
          const least = first + each.length;
          expect([least, least + 1]).toContain(found[i]);
        }
        before = found;
      }
      // Cuts that hit nothing would prove nothing.
      expect(lost).toBeGreaterThan(0);
      await calm(cluster);
      await cluster.stop();
      for (const name of cluster.names) {
        expect(await stored(cluster, workspace.dataOf(CLUSTER), name)).toEqual(before);
      }
    },
  );
}, 120_000);

test('a build that does not wait for the sync loses acknowledged commands', async () => {
  await withCluster(buildWithoutSync, async (cluster, disk) => {
    const answers = await loadAndCut(cluster, 1_500, () => disk.powerCut(() => false));
    // Either old values are read, or nobody has the decisions that somebody's state has already
    // applied, and the cluster cannot go on.
    const found = await readAll(cluster.natsUrl, 10_000).catch((error: unknown) => {
      if (error instanceof SynodError && error.code === 'TIMED_OUT') return [];
      throw error;
    });
    const lost = answers.map((each, i) => (each.at(-1)?.value ?? 0) - (found[i] ?? 0));
    expect(Math.max(...lost)).toBeGreaterThan(0);
  });
}, 120_000);
