import fs from 'node:fs';
import path from 'node:path';
import type { MemberStatus } from '../../contract/src/status.ts';
import { connect } from '../../client/src/client.ts';
import { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { synod } from './cli-run.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* Files that go from their places, or change, under a member that runs. */

const STOP_MS = 8_000;

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder.remove());

async function status(member: string): Promise<MemberStatus> {
  return (await (await fetch(`${folder.http(member)}/status`)).json()) as MemberStatus;
}

/** Once the member has noticed it. @returns the sentence */
async function damage(member: string): Promise<string> {
  const damaged = await until(`${member} has noticed it`, async () => {
    const { role, alarms, alarmCodes } = await status(member);
    return role === 'damaged' ? { alarms, alarmCodes } : undefined;
  });
  expect(damaged.alarmCodes).toEqual(['damaged']);
  const [sentence = ''] = damaged.alarms;
  const ready = await fetch(`${folder.http(member)}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toBe(`Not ready: ${sentence}\n`);
  expect(await folder.metric(member, 'synod_alarm{code="damaged"}')).toBe(1);
  const lines = folder.log(member).filter(({ msg }) => String(msg).startsWith(sentence));
  expect(lines).toHaveLength(1);
  return sentence;
}

async function restart(cluster: LocalCluster, member: string): Promise<void> {
  await cluster.node(member)?.stop(STOP_MS);
  await cluster.startMember(member);
}

const SEGMENT = 'log/00000001.log';
const gone = 'it is no longer there';
const other = 'another file has taken it';

function remove(file: string): void {
  fs.rmSync(file, { recursive: true });
}

function copyInPlace(file: string): void {
  fs.copyFileSync(file, `${file}.copy`);
  fs.renameSync(`${file}.copy`, file);
}

test.each<[string, (file: string) => void, string]>([
  ['.', remove, gone],
  ['../n0.lock', remove, gone],
  ['lock', copyInPlace, other],
  ['identity.json', remove, gone],
  ['first-configuration.json', copyInPlace, other],
  ['log', remove, gone],
  ['log/superblock', remove, gone],
  [SEGMENT, remove, gone],
  [SEGMENT, copyInPlace, other],
  [SEGMENT, (file) => fs.truncateSync(file, 4096), 'it was cut to '],
  ['state.mdb', remove, gone],
  ['state.mdb', copyInPlace, other],
])('%s: a member that works on it stops, and says so (%#)', async (name, change, what) => {
  const cluster = await folder.start(1);
  const client = await folder.client(cluster);
  await client.machine(chatLog).append('before');
  const data = folder.dataOf('n0');
  const file = path.join(data, name);
  change(file);
  // Nobody is misled meanwhile: it answers each time that it is asked.
  expect((await status('n0')).name).toBe('n0');
  expect(await folder.metric('n0', 'synod_slot_out')).toBeGreaterThan(0);
  const sentence = await damage('n0');
  expect(sentence).toContain(`${path.basename(file)} is damaged at its name: ${what}`);
  expect(sentence).toContain('What it would acknowledge would be lost with the process.');
  const { natsUrl } = cluster;
  const hasty = await connect({ natsUrl, cluster: folder.cluster, deadlineMs: 500 });
  await expect(hasty.machine(chatLog).append('after')).rejects.toThrow(/NO_LEADER|TIMED_OUT/);
  await hasty.close();
  expect(cluster.node('n0')?.running).toBe(true);
});

test('the others go on; the next start of the member says what is missing', async () => {
  const cluster = await folder.start(3);
  const client = await folder.client(cluster);
  await client.machine(chatLog).append('before');
  const { name: leader } =
    (await client.admin.status()).find(({ role }) => role === 'leader') ?? {};
  if (leader === undefined) throw new Error('nobody leads');
  remove(path.join(folder.dataOf(leader), SEGMENT));
  await damage(leader);
  await client.machine(chatLog).append('after');
  await restart(cluster, leader);
  const { role, alarms } = await status(leader);
  expect(role).toBe('damaged');
  expect(alarms[0]).toBe('00000001.log is damaged at the file: it is missing');
});

test.each<[string, (file: string) => void]>([
  ['cut off', (file) => fs.truncateSync(file, 0)],
  ['overwritten', (file) => overwrite(file, 16 * 4096)],
])(
  'a state that is %s under its process may end that; the next one sets it aside',
  async (_how, change) => {
    const cluster = await folder.start(1);
    const client = await folder.client(cluster);
    const before = await client.machine(chatLog).append('before');
    await until('the state is written', async () =>
      (await folder.metric('n0', 'synod_flushed_slot_out')) > 0 ? true : undefined,
    );
    change(path.join(folder.dataOf('n0'), 'state.mdb'));
    // Whether it ends by itself (SIGBUS, SIGSEGV) depends on which page it reads next.
    await cluster.node('n0')?.ended(3_000);
    await restart(cluster, 'n0');
    const { role, alarmCodes } = await status('n0');
    expect(role).not.toBe('damaged');
    expect(alarmCodes).toContain('state-kept');
    const aside = folder
      .log('n0')
      .filter(({ msg }) => /state\.mdb .*; set aside$/.test(String(msg)));
    expect(aside).not.toEqual([]);
    const again = await client.machine(chatLog).append('before');
    expect(again).toMatchObject({ position: before.position, existed: true });
  },
);

function overwrite(file: string, bytes: number): void {
  const handle = fs.openSync(file, 'r+');
  fs.writeSync(handle, Buffer.alloc(bytes, 0xa5), 0, bytes, 0);
  fs.closeSync(handle);
}

test('"synod up" and "synod start" say of a damaged member what it is, and no "up"', async () => {
  await (await folder.start(3)).stop();
  fs.rmSync(path.join(folder.dataOf('n0'), 'log'), { recursive: true });
  const said: string[] = [];
  const { workspace, cluster } = folder;
  const environment = { ...process.env, SYNOD_NATS_URL: undefined };
  const say = (what: string): void => void said.push(what);
  const program = NODE_PROGRAM;
  const options = { workspace, cluster, nodes: 3, environment, program, say };
  const local = await LocalCluster.start(options);
  const sentence =
    'n0 runs, but is damaged and takes no part: log is damaged at the folder: it is missing.';
  expect(said).toEqual([sentence]);
  await local.node('n0')?.stop(STOP_MS);
  const started = await synod(['start', 'n0', '--cluster', cluster], { cwd: folder.path });
  expect(started.stdout).toContain(`${sentence} (Process `);
  expect(started.code).toBe(1);
});
