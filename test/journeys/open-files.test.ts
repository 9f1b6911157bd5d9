import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import path from 'node:path';
import { folderNats } from '../../cli/src/local/folder-nats.ts';
import { freePorts } from './cli-run.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* A member under a low limit of open files. */

// A process opens many of its modules at a time when it starts.
const LIMIT = 256;
const IDLE_CONNECTIONS = 1_100;
const MIB = 1024 * 1024;

let folder: TestFolder;
let node: ChildProcess | undefined;
let port: number;
const sockets: Socket[] = [];
beforeEach(async () => {
  folder = new TestFolder();
  [port = 0] = await freePorts(1);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  if (node?.exitCode === null && node.signalCode === null) {
    node.kill('SIGKILL');
    await once(node, 'exit');
  }
  await folder.remove();
});

/** Starts a member, alone in its cluster, with small segments. @returns once it serves */
async function start(natsUrl: string): Promise<void> {
  const { cluster } = folder;
  const log = `${folder.dataOf('n0')}.log`;
  fs.mkdirSync(path.dirname(log), { recursive: true });
  const file = fs.openSync(log, 'a');
  const where = ['--cluster', cluster, '--data', folder.dataOf('n0'), '--nats-url', natsUrl];
  const alone = ['--member', 'n0', '--members', 'n0', '--http-port', String(port)];
  const flags = [...where, ...alone, '--log-bytes', String(4 * MIB)];
  const limited = ['-c', `ulimit -n ${LIMIT}; exec "$@"`, 'sh', process.execPath, NODE_PROGRAM];
  node = spawn('sh', [...limited, ...flags], { stdio: ['ignore', 'ignore', file] });
  fs.closeSync(file);
  await until('it serves', async () => ((await get('/readyz')) === 200 ? true : undefined));
}

/** @returns the code of an answer over a connection of its own, if there is one */
async function get(page: string): Promise<number | undefined> {
  try {
    const init = { headers: { connection: 'close' }, signal: AbortSignal.timeout(2_000) };
    const response = await fetch(`http://127.0.0.1:${port}${page}`, init);
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}

/** A connection that says nothing. */
async function idle(): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
}

const openFiles = (): number => fs.readdirSync(`/proc/${node?.pid ?? 0}/fd`).length;

test('idle HTTP connections take no files that a member needs: it writes on, and answers', async () => {
  const natsUrl = await folderNats(folder.workspace, process.env, () => undefined);
  await start(natsUrl);
  for (let i = 0; i < IDLE_CONNECTIONS; i++) await idle();
  expect(await get('/healthz')).toBe(200);
  expect(openFiles()).toBeLessThan(LIMIT);

  const client = await folder.client({ natsUrl });
  const segments = (): string => fs.readdirSync(path.join(folder.dataOf('n0'), 'log')).join();
  const before = segments();
  const text = (i: number): string => `${i} `.padEnd(100_000, 'x');
  for (let i = 0; i < 50; i++) await client.machine(chatLog).append(text(i));
  expect(segments()).not.toBe(before);
  expect(await get('/healthz')).toBe(200);
  expect(sockets.some(({ destroyed }) => !destroyed)).toBe(true);
  expect(node?.exitCode).toBeNull();
}, 60_000);

test('too few files: the error says to raise the limit, also where LMDB would open them', async () => {
  const storage = path.resolve('dist/node/src/storage');
  const code = `
    import fs from 'node:fs';
    import { DiskFolder } from '${storage}/disk-folder.js';
    import { openLmdbState } from '${storage}/lmdb-state.js';
    const folder = new DiskFolder(${JSON.stringify(folder.path)});
    const ids = { folder: ${JSON.stringify(folder.path)}, clusterId: 'c', memberId: 'm' };
    await openLmdbState(ids).close();
    const state = openLmdbState(ids);
    const files = [];
    try { for (;;) files.push(fs.openSync('/dev/null')); } catch {}
    // LMDB opens three: there is one that it does not get, each time another.
    for (let free = 0; free < 3; free++) {
      try { state.stage(); } catch (error) { console.log(error.message); }
      fs.closeSync(files.pop());
    }
    try { for (;;) fs.openSync('/dev/null'); } catch {}
    folder.create('00000001.log', 512, Buffer.alloc(512), (error) => console.log(error.message));`;
  const limited = ['-c', `ulimit -n ${LIMIT}; exec "$@"`, 'sh', process.execPath];
  const run = spawn('sh', [...limited, '--input-type=module', '-e', code]);
  let said = '';
  run.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(run, 'close');
  const sentences = said.trim().split('\n');
  const segment = sentences.pop();
  const remedy = 'Raise the limit of open files for the process (ulimit -n), then start it again.';
  expect(sentences).toHaveLength(3);
  for (const each of sentences)
    expect(each).toMatch(/state\.incoming-\d\.mdb(-lock)? could not be opened/);
  expect(segment).toMatch(/00000001\.log could not be made: EMFILE: /);
  for (const sentence of [...sentences, segment]) expect(sentence).toContain(remedy);
}, 30_000);
