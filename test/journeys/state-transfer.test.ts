import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { Workspace } from '../../cli/src/local/workspace.ts';
import { connect, type SynodClient } from '../../client/src/client.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import { asRoot } from './contained-node.ts';
import { NODE_PROGRAM, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

const CLUSTER = 'transfer';
const LOG_BYTES = 4 * 1024 * 1024;
const SEGMENT_BYTES = LOG_BYTES / 4;
const TEXT_BYTES = 64 * 1024;

let folder: string;
let workspace: Workspace;
let cluster: LocalCluster;
let client: SynodClient;
let appended = 0;

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-transfer-'));
  workspace = new Workspace(folder);
  const flags = ['--log-bytes', String(LOG_BYTES)];
  const program = NODE_PROGRAM;
  cluster = await LocalCluster.start({ workspace, cluster: CLUSTER, nodes: 3, program, flags });
  client = await connect({ natsUrl: cluster.natsUrl, cluster: CLUSTER, deadlineMs: 20_000 });
}, 60_000);

afterAll(async () => {
  await client.close();
  await workspace.destroy();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Appends so many megabytes of texts. */
async function fill(megabytes: number): Promise<void> {
  const count = (megabytes * 1024 * 1024) / TEXT_BYTES;
  for (let i = 0; i < count; i += 8) {
    const texts = Array.from({ length: 8 }, () => `${appended++} `.padEnd(TEXT_BYTES, 'x'));
    await Promise.all(texts.map((text) => client.machine(chatLog).append(text)));
  }
}

const logOf = (member: string): string =>
  fs.readFileSync(path.join(workspace.dataOf(CLUSTER), `${member}.log`), 'utf8');

const count = (text: string, member: string): number => logOf(member).split(text).length - 1;

/** Every member has applied the same. */
async function areEven(): Promise<void> {
  await until('all members at one slot', async () => {
    const members = await client.admin.status({ waitMs: 300, expect: 3 });
    const slots = new Set(members.map(({ slotOut }) => slotOut));
    return members.length === 3 && slots.size === 1 ? true : undefined;
  });
}

test('the logs stay short while a member is away, and it goes on from the state of another', async () => {
  await fill(2);
  cluster.node('n2')?.kill('SIGKILL');
  await cluster.node('n2')?.exit;
  await fill(16);
  // What is kept, what the floor has not reached yet, and the segment that is being written.
  const isShort = ({ logBytes }: MemberStatus): boolean =>
    logBytes <= LOG_BYTES + 4 * SEGMENT_BYTES;
  // A follower may be a moment behind in what it has applied.
  const holdsAll = ({ stateBytes }: MemberStatus): boolean => stateBytes > 16 << 20;
  await until('short logs, and states of more than 16 MiB', async () => {
    await client.machine(chatLog).append(`${appended++}`);
    const found = await client.admin.status({ waitMs: 300, expect: 2 });
    return found.length === 2 && found.every(isShort) && found.every(holdsAll) ? true : undefined;
  });

  await cluster.startMember('n2');
  await areEven();
  expect(logOf('n2')).toContain("another member's state is here");
  expect((await client.machine(chatLog).read({ limit: 0 })).total).toBe(appended);

  // It votes, and its log and state stand a kill.
  cluster.node('n2')?.kill('SIGKILL');
  await cluster.node('n2')?.exit;
  await cluster.startMember('n2');
  cluster.node('n1')?.kill('SIGKILL');
  await cluster.node('n1')?.exit;
  await fill(1);
  await cluster.startMember('n1');
  await areEven();
}, 60_000);

test('a state that fails its checks is set aside; the member votes on, and gets it from another', async () => {
  cluster.node('n1')?.kill('SIGKILL');
  await cluster.node('n1')?.exit;
  const data = path.join(workspace.dataOf(CLUSTER), 'n1');
  const state = fs.openSync(path.join(data, 'state.mdb'), 'r+');
  fs.writeSync(state, Buffer.alloc(8 * 1024, 0xff), 0, 8 * 1024, 0);
  fs.closeSync(state);
  const transfers = count("another member's state is here", 'n1');
  await cluster.startMember('n1');
  await areEven();
  expect(fs.readdirSync(data)).toContain('state.damaged.mdb');
  expect(count("another member's state is here", 'n1')).toBe(transfers + 1);
  const status = (await client.admin.status({ waitMs: 500, expect: 3 })).find(
    ({ name }) => name === 'n1',
  );
  expect(status).toMatchObject({ role: expect.stringMatching(/leader|follower/) as string });
  expect(status?.alarms.join()).toContain('state.damaged.mdb');
}, 40_000);

/* Where the disk is full, LMDB's last write ends in the middle, or fails as a whole. */
test.each([7, 8])(
  'a state for which %d MiB are too few: the process ends and says to make room',
  async (size) => {
    const disk = fs.mkdtempSync(path.join(folder, 'disk-'));
    const where = ['--cluster', CLUSTER, '--data', path.join(disk, 'n3')];
    const nats = ['--nats-url', cluster.natsUrl, '--http-port', '0'];
    const node = [process.execPath, NODE_PROGRAM, '--name', 'n3', ...where, ...nats];
    // A filesystem of its own, in memory, that holds a log, and not the state.
    const small = `mount -t tmpfs -o size=${size}m tmpfs "$0" && exec "$@"`;
    const all = [...asRoot, '--mount', 'sh', '-c', small, disk, ...node];
    const child = spawn('unshare', all, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = once(child, 'close');
    const blank = await until('a blank member', async () =>
      (await client.admin.status({ waitMs: 300, expect: 4 })).find(({ name }) => name === 'n3'),
    );
    await client.admin.form(blank.member, cluster.first);
    expect(await ended).toEqual([74, null]);
    const { msg } = JSON.parse(said.trimEnd().split('\n').at(-1) ?? '') as { msg: string };
    expect(msg).toMatch(/state\.incoming-\d+\.mdb could not be written: /);
    expect(msg).toContain('Make room on its disk, then start it again.');
  },
  40_000,
);
