import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { leaderOf } from '../../client/src/members.ts';
import { TestFolder, until } from './test-cluster.ts';

/* The programs of examples/, as their readers run them. */

const DEADLINE_MS = 60_000;
const APPENDING_S = 6;

let folder: TestFolder;
beforeEach(() => (folder = new TestFolder()));
afterEach(() => folder.remove());

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; printed: string }>;
  printed(): string;
}

/** Starts the compiled program. `ended` has what it printed. */
function start(example: string, args: readonly string[], { natsUrl }: LocalCluster): Running {
  const program = path.resolve(`dist/examples/${example}.js`);
  const env = { ...process.env, SYNOD_NATS_URL: natsUrl, SYNOD_CLUSTER: folder.cluster };
  const child = spawn(process.execPath, [program, ...args], { env, timeout: DEADLINE_MS });
  let printed = '';
  child.stdout.on('data', (text) => (printed += String(text)));
  child.stderr.on('data', (text) => (printed += String(text)));
  const ended = new Promise<{ code: number | null; printed: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, printed }));
  });
  return { child, ended, printed: () => printed };
}

test('append-and-read appends each text once, and prints the log', async () => {
  const cluster = await folder.start(3);
  const texts = ['good morning', 'good night', 'good morning'];
  const { code, printed } = await start('append-and-read', texts, cluster).ended;
  expect({ code, printed }).toEqual({
    code: 0,
    printed: [
      'appended at position 0: good morning',
      'appended at position 1: good night',
      'was there at position 0: good morning',
      'good morning',
      'good night',
      '',
    ].join('\n'),
  });
}, 90_000);

test('count loses and doubles no addition', async () => {
  const cluster = await folder.start(3, undefined, ['--machine', 'counter']);
  const first = await start('count', ['visits'], cluster).ended;
  expect(first).toEqual({ code: 0, printed: 'visits: 0 + 60 = 60\n' });
  const second = await start('count', ['visits'], cluster).ended;
  expect(second).toEqual({ code: 0, printed: 'visits: 60 + 60 = 120\n' });
}, 90_000);

test('survive-a-leader-change goes on while the leader is killed and comes back', async () => {
  const cluster = await folder.start(3);
  const client = await folder.client(cluster);
  const running = start('survive-a-leader-change', [String(APPENDING_S)], cluster);
  const leader = await until('a leader with commands', async () => {
    const found = leaderOf(await client.admin.status());
    return running.printed() !== '' && found !== undefined ? found : undefined;
  });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  cluster.node(leader.name)?.kill('SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await cluster.startMember(leader.name);
  const { code, printed } = await running.ended;
  expect(printed).toMatch(/^[1-9]\d* acknowledged, 0 lost, 0 doubled$/m);
  expect(code).toBe(0);
  expect(folder.terms(cluster.names).length).toBeGreaterThan(1);
}, 90_000);

test('every example has a test', () => {
  const tests = readFileSync('test/journeys/examples.test.ts', 'utf8');
  const started = [...tests.matchAll(/ start\('([a-z-]+)'/g)].map(([, name = '']) => `${name}.ts`);
  const examples = readdirSync('examples').filter((name) => name.endsWith('.ts'));
  expect([...new Set(started)].sort()).toEqual(examples.sort());
});
