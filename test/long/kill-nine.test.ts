import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  encodeCounterOperation,
  parseCounterResult,
} from '../../machines/src/counter/operations.ts';
import { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { Workspace } from '../../cli/src/local/workspace.ts';
import { connect, type SynodClient } from '../../client/src/client.ts';
import { Applier } from '../../node/src/machine/applier.ts';
import { counterMachine } from '../../machines/src/counter/machine.ts';
import { openLmdbState } from '../../node/src/storage/lmdb-state.ts';
import { Random } from '../simulation/random.ts';
import { calm } from './calm.ts';
import { counter, type RegisterValue } from '../../machines/src/counter/calls.ts';

const SEED = Number(process.env['SYNOD_SEED'] ?? '1');
const SECONDS = Number(process.env['SYNOD_SECONDS'] ?? '30');
const CLIENTS = 32;
const CLUSTER = 'kill-nine';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Adds 1 to a register of its own, one after the other. @returns every answer */
async function load(client: SynodClient, register: string, end: number): Promise<RegisterValue[]> {
  const answers: RegisterValue[] = [];
  while (performance.now() < end) answers.push(await client.machine(counter).add(register, 1));
  return answers;
}

/** Kills one node or all, and starts them again, until the time is over. @returns how many */
async function killAndStart(cluster: LocalCluster, end: number): Promise<number> {
  const random = new Random(SEED).next;
  let killed = 0;
  while (performance.now() < end) {
    await sleep(200 + random() * 1_000);
    const one = Math.floor(random() * cluster.names.length);
    const victims = random() < 0.2 ? cluster.names : cluster.names.slice(one, one + 1);
    for (const name of victims) cluster.node(name)?.kill('SIGKILL');
    for (const name of victims) await cluster.node(name)?.exit;
    killed += victims.length;
    await sleep(random() * 800);
    await Promise.all(victims.map((name) => cluster.startMember(name)));
  }
  return killed;
}

test(`kill -9 of random nodes for ${SECONDS} s under load, seed ${SEED}: every acknowledged command is in every state, once, in one order`, async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-kill-nine-'));
  const workspace = new Workspace(folder);
  const program = path.resolve('dist/node/src/main.js');
  const cluster = await LocalCluster.start({
    workspace,
    cluster: CLUSTER,
    nodes: 3,
    program,
    flags: ['--machine', 'counter', '--log-level', 'warn'],
  });
  const { natsUrl, names } = cluster;
  const client = await connect({ natsUrl, cluster: CLUSTER, deadlineMs: 60_000 });
  try {
    const until = performance.now() + SECONDS * 1000;
    const registers = Array.from({ length: CLIENTS }, (_, i) => `register-${i}`);
    const [killed, ...answers] = await Promise.all([
      killAndStart(cluster, until),
      ...registers.map((register) => load(client, register, until)),
    ]).catch(async (cause: unknown) => {
      const found = await client.admin.status();
      throw new Error(`the load ended early; the members: ${JSON.stringify(found)}`, { cause });
    });
    // A run in which too little happened would prove nothing.
    expect(killed).toBeGreaterThan(SECONDS / 4);
    expect(answers.flat().length).toBeGreaterThan(CLIENTS * SECONDS);

    // Once each: the n-th answer of a register is n, and no two adds have one position.
    for (const each of answers)
      expect(each.map(({ value }) => value)).toEqual(countTo(each.length));
    const positions = answers.flat().map(({ position }) => position);
    expect(new Set(positions).size).toBe(positions.length);
    expect(positions.reduce((a, b) => Math.max(a, b), 0)).toBe(positions.length - 1);

    await calm(client, names.length);
    await cluster.stop(); // Before the client closes: its session would end at some of them.
    const hashes = new Set<string>();
    const { clusterId } = cluster.first;
    for (const name of names) {
      const data = path.join(workspace.dataOf(CLUSTER), name);
      const state = openLmdbState({ folder: data, clusterId, memberId: cluster.idOf(name) });
      const applier = new Applier(counterMachine, state.tables, {});
      for (const [i, register] of registers.entries()) {
        const read = encodeCounterOperation({ type: 'read', register });
        const last = answers[i]?.at(-1);
        expect(parseCounterResult(applier.query(read))).toEqual({
          value: last?.value,
          position: last?.position,
        });
      }
      hashes.add(applier.stateHash());
      await state.close();
    }
    expect(hashes.size).toBe(1);
  } finally {
    await client.close();
    await workspace.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}, 240_000);

function countTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}
