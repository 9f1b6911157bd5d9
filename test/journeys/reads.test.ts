import { setTimeout as delay } from 'node:timers/promises';
import type { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import type { SynodClient } from '../../client/src/client.ts';
import { TestFolder, until } from './test-cluster.ts';
import { counter } from '../../machines/src/counter/calls.ts';

/* Quorum reads, with real processes: see docs/sdk.md. */

const COUNTER = ['--machine', 'counter'];
let folder: TestFolder;
let cluster: LocalCluster;
let client: SynodClient;

beforeEach(async () => {
  folder = new TestFolder();
  cluster = await folder.start(3, undefined, COUNTER);
  client = await folder.client(cluster);
}, 30_000);
afterEach(() => folder.remove(), 20_000);

async function signal(name: string, which: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  cluster.node(name)?.kill(which);
  await delay(0);
}

/** The name of who leads. */
async function leader(): Promise<string> {
  return until('a leader', async () => {
    const leading = (await client.admin.status({ expect: 3 })).find(
      ({ role }) => role === 'leader',
    );
    return cluster.names.find((name) => cluster.idOf(name) === leading?.member);
  });
}

const sum = async (series: string): Promise<number> => {
  const each = await Promise.all(cluster.names.map((name) => folder.metric(name, series)));
  return each.reduce((a, b) => a + b, 0);
};

test('every member answers reads; they decide nothing and leave nothing', async () => {
  await client.machine(counter).add('r', 7);
  const before = await sum('synod_decisions_total');
  const reads = Array.from({ length: 600 }, () => client.machine(counter).read('r'));
  expect(new Set((await Promise.all(reads)).map(({ value }) => value))).toEqual(new Set([7]));
  // On a slow machine some are sent twice.
  expect(await sum('synod_reads_total')).toBeGreaterThanOrEqual(600);
  for (const name of cluster.names) {
    expect(await folder.metric(name, 'synod_reads_total')).toBeGreaterThan(0);
  }
  // A comparison of the states may come in between, and is decided by all three.
  expect((await sum('synod_decisions_total')) - before).toBeLessThanOrEqual(6);
}, 30_000);

test('a leader that was paused answers no read with what was true before', async () => {
  const reader = await folder.client(cluster);
  let acknowledged = 0;
  let reads = 0;
  let isOver = false;
  const reading = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const least = acknowledged;
      const { value } = await reader.machine(counter).read('r');
      expect(value).toBeGreaterThanOrEqual(least);
      reads += 1;
    }
  });
  for (let round = 0; round < 2; round++) {
    const paused = await leader();
    await signal(paused, 'SIGSTOP');
    for (let i = 0; i < 50; i++) acknowledged = (await client.machine(counter).add('r', 1)).value;
    await signal(paused, 'SIGCONT');
    for (let i = 0; i < 50; i++) acknowledged = (await client.machine(counter).add('r', 1)).value;
  }
  isOver = true;
  await Promise.all(reading);
  expect(acknowledged).toBe(200);
  expect(reads).toBeGreaterThan(100);
}, 60_000);

test('without a quorum a read is not answered, unless it asks for what the member has', async () => {
  const { slot } = await client.machine(counter).add('r', 7);
  const last = await leader();
  await until('the last one has it', async () => {
    return (await folder.metric(last, 'synod_slot_out')) > slot ? true : undefined;
  });
  for (const name of cluster.names) if (name !== last) cluster.node(name)?.kill('SIGKILL');
  const hasty = await folder.client(cluster);
  for (const consistency of ['local', { atLeast: slot }] as const) {
    expect((await hasty.machine(counter).read('r', { consistency })).value).toBe(7);
  }
  const refused = [{}, { consistency: { atLeast: slot + 100 } }].map((options) =>
    expect(hasty.machine(counter).read('r', options)).rejects.toMatchObject({ code: 'TIMED_OUT' }),
  );
  await Promise.all(refused);
}, 60_000);
