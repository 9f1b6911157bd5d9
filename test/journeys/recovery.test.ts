import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { connect as connectNats, type NatsConnection } from 'nats';
import type { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { NodeProcess } from '../../cli/src/local/node-process.ts';
import { type SynodClient } from '../../client/src/client.ts';
import { SynodError } from '../../contract/src/synod-error.ts';
import { encodeChatOperation } from '../../machines/src/chat-log/operations.ts';
import { checkCommand, encodeCommand } from '../../contract/src/command.ts';
import { exitCodes } from '../../contract/src/error-codes.ts';
import { parseReplies, type Outcome } from '../../contract/src/reply.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* A quorum is lost for good, and a person has a new cluster made of what one survivor has. */

let folder: TestFolder;
let cluster: LocalCluster;
let client: SynodClient;
let outside: NatsConnection;
const started: NodeProcess[] = [];

beforeEach(async () => {
  folder = new TestFolder();
  cluster = await folder.start(3);
  client = await folder.client(cluster);
  outside = await connectNats({ servers: cluster.natsUrl });
}, 40_000);

afterEach(async () => {
  await outside.close();
  await Promise.all(started.splice(0).map((node) => node.stop(5_000)));
  await folder.remove();
}, 30_000);

/** Starts the member of a name on what is in its data folder, if anything. */
async function start(name: string): Promise<MemberStatus> {
  const { workspace } = folder;
  const data = folder.dataOf(name);
  const node = new NodeProcess({
    workspace,
    natsUrl: cluster.natsUrl,
    cluster: folder.cluster,
    name,
    data,
    program: NODE_PROGRAM,
    logFile: `${data}.log`,
    flags: ['--http-port', '0'],
  });
  started.push(node);
  return node.ready;
}

async function kill(name: string): Promise<void> {
  cluster.node(name)?.kill('SIGKILL');
  await cluster.node(name)?.exit;
}

async function lose(...names: string[]): Promise<void> {
  for (const name of names) {
    await kill(name);
    fs.rmSync(folder.dataOf(name), { recursive: true });
  }
}

function refusal(request: Promise<void>): Promise<string | undefined> {
  return request.then(
    () => undefined,
    (error: unknown) => (error instanceof SynodError ? error.code : String(error)),
  );
}

/** Asked until the member does not hear a leader any more. */
function asked(request: () => Promise<void>): Promise<true> {
  return until('the request is granted', async () => {
    const code = await refusal(request());
    if (code === 'HAS_LEADER') return undefined;
    if (code !== undefined) throw new Error(code);
    return true;
  });
}

/** Has n0 begin a new cluster, and starts it again, as a supervisor does. */
async function recover(newClusterId = 'new'): Promise<MemberStatus> {
  const { clusterId } = cluster.first;
  await asked(() => client.recovery.begin(cluster.idOf('n0'), { clusterId, newClusterId }));
  expect(await cluster.node('n0')?.exit).toBe(exitCodes.again);
  return start('n0');
}

/** A client that goes on is told, once, that it may miss what it was answered. */
async function told(): Promise<void> {
  const next = client.machine(chatLog).read();
  await expect(next).rejects.toMatchObject({ code: 'CLUSTER_CHANGED' });
}

/** Waits until n0 has applied a slot: of the others, a majority may have decided it without n0. */
function applied(slot: number): Promise<MemberStatus> {
  return until(`n0 has slot ${slot}`, async () => {
    const found = (await client.admin.status()).find(({ name }) => name === 'n0');
    return found !== undefined && found.slotOut > slot ? found : undefined;
  });
}

/** A command of a client, in a session that is opened for it. */
async function command(client: string, number: number, text: string): Promise<Uint8Array> {
  const header = { client, lowest: 1, operations: [] };
  const session = { type: 'open', ttlMs: 60_000 } as const;
  const opened = await outcome(encodeCommand({ ...header, number: 9_000, session }));
  if (!opened.ok) throw new Error(opened.code);
  const operations = [encodeChatOperation({ type: 'append', text })];
  return encodeCommand({
    client,
    number,
    lowest: 1,
    operations,
    session: { type: 'in', id: opened.slot },
  });
}

function numberOf(bytes: Uint8Array): number {
  const command = checkCommand(bytes);
  if ('malformed' in command) throw new Error(command.malformed);
  return command.number;
}

/** Sends the bytes of a command, as a client does that had no answer. */
async function outcome(bytes: Uint8Array): Promise<Outcome> {
  const subjects = subjectsOf('local', folder.cluster);
  const inbox = `${subjects.inbox('writer')}.again`;
  let found: Outcome | undefined;
  const answers = outside.subscribe(`${inbox}.*`, {
    callback: (_, { data }) => {
      // A late answer to an earlier one may come, too.
      const reply = parseReplies(data)?.replies.find(({ number }) => number === numberOf(bytes));
      found = reply?.outcome ?? found;
    },
  });
  const answer = await until('an answer', () => {
    outside.publish(subjects.request, bytes, { reply: `${inbox}.0` });
    return found;
  });
  answers.unsubscribe();
  return answer;
}

const set = (text: string): string[] =>
  fs
    .readdirSync(folder.workspace.dataOf(folder.cluster))
    .filter((name) => name.includes(text))
    .sort();

test('two of three are lost: the survivor begins a new cluster with what it has, and goes on', async () => {
  for (const text of ['one', 'two', 'three']) await client.machine(chatLog).append(text);
  const id = randomBytes(16).toString('hex');
  const bytes = await command(id, 1, 'once');
  const before = await outcome(bytes);
  if (!before.ok) throw new Error(before.code);
  const old = await applied(before.slot);
  await lose('n1', 'n2');
  const status = await recover();
  expect(status.clusterId).toBe('new');
  expect(status.member).not.toBe(cluster.idOf('n0'));
  expect(status).toMatchObject({ voters: [status.member], learners: [], configuration: 0 });
  expect(status.firstConfiguration?.window).toBe(cluster.first.window);
  expect(set('set-aside')).toEqual([`n0.set-aside-${cluster.first.clusterId}`]);

  // A command whose answer was lost with the old cluster is not executed again.
  expect(await outcome(bytes)).toEqual(before);
  await told();
  const { slot } = await client.machine(chatLog).append('four');
  expect(slot).toBeGreaterThanOrEqual(old.slotOut);
  const { texts } = await client.machine(chatLog).read();
  expect(texts).toEqual(['one', 'two', 'three', 'once', 'four']);

  // Asked again, it is done already; another cluster's id is refused.
  const { clusterId } = cluster.first;
  await client.recovery.begin(status.member, { clusterId, newClusterId: 'new' });
  const other = client.recovery.begin(status.member, { clusterId, newClusterId: 'newer' });
  await expect(other).rejects.toMatchObject({ code: 'ANOTHER_CLUSTER' });

  // Its log and state stand a kill; then a blank member comes to vote.
  started[0]?.kill('SIGKILL');
  await started[0]?.exit;
  expect((await start('n0')).member).toBe(status.member);
  expect((await client.machine(chatLog).append('five')).position).toBe(5);
  const blank = await start('n1');
  expect(blank.role).toBe('unformed');
  await client.admin.form(blank.member, status.firstConfiguration ?? cluster.first);
  await client.admin.addMember(blank.member);
  await until('it votes', () =>
    client.admin.promoteMember(blank.member).then(
      () => true,
      () => undefined,
    ),
  );
  await until('it has all of it', async () => {
    const found = (await client.admin.status()).find(({ name }) => name === 'n1');
    return found?.ready === true ? true : undefined;
  });
  expect((await client.admin.members()).lists.voters).toHaveLength(2);

  // A state that was lost, and that the log does not make again: no cluster is made of it.
  await started[1]?.stop(5_000);
  await started[2]?.stop(5_000);
  fs.rmSync(`${folder.dataOf('n1')}/state.mdb`);
  await start('n1');
  const request = { clusterId: 'new', newClusterId: 'newer' };
  await until('it misses a leader', async () => {
    const code = await refusal(client.recovery.begin(blank.member, request));
    // Who has just come up may not have reached NATS with its interest yet.
    if (code === 'HAS_LEADER' || code === 'NO_MEMBER') return undefined;
    expect(code).toBe('INCOMPLETE');
    return true;
  });
}, 90_000);

test('old members that come back speak to nobody in the new cluster; set aside, they are blank', async () => {
  await client.machine(chatLog).append('one');
  await kill('n1');
  await kill('n2');
  const status = await recover();
  await told();
  await client.machine(chatLog).append('two');
  const back = await start('n1');
  expect(back.clusterId).toBe(cluster.first.clusterId);
  await until('its messages are dropped', async () => {
    const dropped = await folder.metric(
      'n0',
      'synod_messages_dropped_total{reason="other-cluster"}',
    );
    return dropped > 0 ? true : undefined;
  });
  await client.machine(chatLog).append('three');
  const [seen] = (await client.admin.status()).filter(({ name }) => name === 'n0');
  expect(seen).toMatchObject({ member: status.member, role: 'leader', voters: [status.member] });

  const { clusterId } = cluster.first;
  await asked(() => client.recovery.setAside(back.member, { clusterId, newClusterId: 'new' }));
  expect(await started[1]?.exit).toBe(exitCodes.again);
  const names = [`n0.set-aside-${clusterId}`, `n1.set-aside-${clusterId}`];
  expect(set('set-aside')).toEqual(names);
  const blank = await start('n1');
  expect(blank).toMatchObject({ role: 'unformed', clusterId: null });
  expect(blank.member).not.toBe(back.member);
  const again = client.recovery.setAside(blank.member, { clusterId, newClusterId: 'new' });
  await expect(again).rejects.toMatchObject({ code: 'ANOTHER_CLUSTER' });
}, 60_000);

test('while there is a quorum nothing is recovered or set aside; nor for a wrong cluster id', async () => {
  await client.machine(chatLog).append('one');
  const { clusterId } = cluster.first;
  const request = { clusterId, newClusterId: 'new' };
  for (const name of ['n0', 'n1', 'n2']) {
    const id = cluster.idOf(name);
    await expect(client.recovery.begin(id, request)).rejects.toMatchObject({
      code: 'HAS_LEADER',
    });
    await expect(client.recovery.setAside(id, request)).rejects.toMatchObject({
      code: 'HAS_LEADER',
    });
    const wrong = { clusterId: 'wrong', newClusterId: 'new' };
    await expect(client.recovery.begin(id, wrong)).rejects.toMatchObject({
      code: 'ANOTHER_CLUSTER',
    });
    await expect(client.recovery.setAside(id, wrong)).rejects.toMatchObject({
      code: 'ANOTHER_CLUSTER',
    });
  }
  for (const garbage of ['', '{}', `{"clusterId":"${clusterId}","newClusterId":"a.b"}`]) {
    const subject = subjectsOf('local', folder.cluster).recover(cluster.idOf('n0'));
    const answer = await outside.request(subject, Buffer.from(garbage));
    expect(answer.json()).toEqual({ ok: false, code: 'MALFORMED' });
  }
  await client.machine(chatLog).append('two');
  expect(set('set-aside')).toEqual([]);
}, 40_000);

/** As a crash leaves the folders at one point, or at another. */
test('a crash before the new folder is whole leaves the old one; between the renames, the new one', async () => {
  await applied((await client.machine(chatLog).append('one')).slot);
  const { clusterId } = cluster.first;
  const data = folder.dataOf('n0');
  const old = cluster.idOf('n0');
  await kill('n1');
  await kill('n2');
  const status = await recover();
  started[0]?.kill('SIGKILL');
  await started[0]?.exit;
  const aside = `${data}.set-aside-${clusterId}`;

  // The new one was whole, and neither of the renames was made.
  fs.renameSync(data, `${data}.recovered`);
  fs.renameSync(aside, data);
  expect((await start('n0')).member).toBe(status.member);
  expect(fs.existsSync(aside)).toBe(true);
  started[1]?.kill('SIGKILL');
  await started[1]?.exit;

  // The old one was out of the way.
  fs.renameSync(data, `${data}.recovered`);
  expect((await start('n0')).member).toBe(status.member);
  await told();
  expect((await client.machine(chatLog).read()).texts).toEqual(['one']);
  started[2]?.kill('SIGKILL');
  await started[2]?.exit;

  // It was not whole: the old one goes on, and what was begun is removed.
  fs.renameSync(data, `${data}.recovering`);
  fs.renameSync(aside, data);
  expect((await start('n0')).member).toBe(old);
  expect(set('n0.')).toEqual(['n0.lock', 'n0.log']);
}, 60_000);
