import { connect } from 'nats';
import {
  parseMembershipAnswer,
  type MembershipAnswer,
  type MembershipRequest,
} from '../../contract/src/membership.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import type { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { NodeProcess } from '../../cli/src/local/node-process.ts';
import type { SynodClient } from '../../client/src/client.ts';
import { membersOf } from '../../client/src/members.ts';
import { SynodError } from '../../contract/src/synod-error.ts';
import { synod, type CliResult } from './cli-run.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* Members come and go, with real processes. */

/** Small, so that a learner soon lags by more. */
const WINDOW = 16;

let folder: TestFolder;
let cluster: LocalCluster;
let client: SynodClient;

async function start(nodes: number, flags: readonly string[] = []): Promise<void> {
  folder = new TestFolder();
  folder.format(nodes, WINDOW);
  cluster = await folder.start(nodes, undefined, flags);
  client = await folder.client(cluster);
}
afterEach(() => folder.remove(), 20_000);

function member(...args: string[]): Promise<CliResult> {
  const where = ['--cluster', folder.cluster, '--nats-url', cluster.natsUrl];
  return synod(['member', ...args, ...where], { cwd: folder.path });
}

const id = (name: string): string => cluster.idOf(name);

/** The names under which members run; of who does not, the id. */
function namesOf(ids: readonly string[]): string[] {
  const names = ['n0', 'n1', 'n2', 'n3', 'n4'].filter((name) => cluster.node(name) !== undefined);
  return ids.map((each) => names.find((name) => id(name) === each) ?? each).sort();
}

/** Voters and learners, as the leader has them. */
async function lists(): Promise<{ voters: readonly string[]; learners: readonly string[] }> {
  const { voters, learners } = (await client.admin.members()).lists;
  return { voters: namesOf(voters), learners: namesOf(learners) };
}

/** The name of who leads. */
async function leads(): Promise<string> {
  return (await client.admin.members()).leader?.name ?? '';
}

/** Waits until a member has applied all that the leader has now. */
async function caughtUp(name: string): Promise<void> {
  const target = (await client.admin.members()).leader?.slotOut ?? Infinity;
  await until(`${name} at slot ${target}`, async () => {
    const found = (await client.admin.status()).find((each) => each.name === name);
    return found !== undefined && found.slotOut >= target ? true : undefined;
  });
}

async function grow(name: string): Promise<void> {
  await cluster.startMember(name);
  await client.admin.addMember(id(name));
  await caughtUp(name);
  // The leader hears of it with the next heartbeat: until then it refuses, as it says.
  await until(`a vote of ${name}`, async () => {
    const refusal = await client.admin.promoteMember(id(name)).catch((error: unknown) => error);
    if (refusal instanceof SynodError && refusal.code === 'LAGS') return undefined;
    if (refusal instanceof Error) throw refusal;
    return true;
  });
}

async function shrink(name: string): Promise<void> {
  await client.admin.removeMember(id(name));
  await cluster.node(name)?.stop(5_000);
}

/** More slots than WINDOW: each append has to be answered before the next. */
async function appendBeyondWindow(): Promise<void> {
  for (let i = 0; i < 20; i++) await client.machine(chatLog).append(`beyond ${i}`);
}

/** Until the leader has waited for an answer longer than it counts a silent member as there. */
async function silenceIsNoticed(): Promise<void> {
  const heartbeats = 'synod_messages_sent_total{type="heartbeat"}';
  const leader = await leads();
  const enough = (await folder.metric(leader, heartbeats)) + 8;
  await until('heartbeats', async () =>
    (await folder.metric(leader, heartbeats)) >= enough ? true : undefined,
  );
}

async function signal(name: string, which: NodeJS.Signals): Promise<void> {
  const node = cluster.node(name);
  node?.kill(which);
  if (which === 'SIGKILL') await node?.exit;
}

test('1, 3, 5, 3, 1 voters under load: every acknowledged text is there, once', async () => {
  await start(1);
  const acknowledged: string[] = [];
  const over = new AbortController();
  const load = (async () => {
    for (let i = 0; !over.signal.aborted; i++) {
      await client.machine(chatLog).append(`text ${i}`);
      acknowledged.push(`text ${i}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  for (const name of ['n1', 'n2', 'n3', 'n4']) await grow(name);
  expect(await lists()).toEqual({ voters: ['n0', 'n1', 'n2', 'n3', 'n4'], learners: [] });
  // The leader goes first: another one settles its removal.
  const first = await leads();
  await shrink(first);
  expect(await leads()).not.toBe(first);
  const rest = ['n0', 'n1', 'n2', 'n3', 'n4'].filter((name) => name !== first);
  for (const name of rest.slice(0, 3)) await shrink(name);
  const [last = ''] = rest.slice(3);
  expect(await lists()).toEqual({ voters: [last], learners: [] });
  over.abort();
  await load;
  const { texts } = await client.machine(chatLog).read({ limit: 100_000 });
  expect(texts.toSorted()).toEqual(acknowledged.toSorted());
  expect(acknowledged.length).toBeGreaterThan(20);
}, 90_000);

test('a killed member is replaced; what was done is not done again', async () => {
  await start(3);
  await client.machine(chatLog).append('before');
  const lost = id('n1');
  await signal('n1', 'SIGKILL');
  await cluster.startMember('n3');
  // Who is silent has not said under which name it ran.
  const replaced = await member('replace', lost.slice(0, 8), 'n3');
  expect(replaced).toEqual({
    code: 0,
    stdout: 'Configuration 3 is in force: voters n0, n2, n3.\n',
    stderr: '',
  });
  expect(await lists()).toEqual({ voters: ['n0', 'n2', 'n3'], learners: [] });
  const again = await member('replace', lost, id('n3'), '--output', 'json');
  expect(JSON.parse(again.stdout)).toMatchObject({ number: 3, learners: [] });
  expect((await client.machine(chatLog).read()).texts).toEqual(['before']);
  expect(membersOf(await client.admin.status()).members.map((each) => each.id)).not.toContain(lost);
}, 60_000);

test('a blank member that nobody has told its cluster is told when it is added', async () => {
  await start(1);
  await client.machine(chatLog).append('before');
  const { workspace, cluster: name } = folder;
  const { natsUrl } = cluster;
  const where = { workspace, natsUrl, cluster: name, program: NODE_PROGRAM };
  const [data, flags] = [folder.dataOf('n9'), ['--http-port', '0']];
  const blank = new NodeProcess({ ...where, name: 'n9', data, logFile: `${data}.log`, flags });
  const { role, member: fresh } = await blank.ready;
  expect(role).toBe('unformed');
  expect(await member('add', 'n9')).toMatchObject({
    code: 0,
    stdout: 'Configuration 1 is in force: voters n0, learners n9.\n',
  });
  await caughtUp('n9');
  expect(await member('promote', fresh.slice(0, 8))).toMatchObject({
    code: 0,
    stdout: 'Configuration 2 is in force: voters n0, n9.\n',
  });
}, 60_000);

test('the last voter, unknown ids, and what is so already are refused: the code, a sentence, 1', async () => {
  await start(1);
  const refusals = [
    [client.admin.removeMember(id('n0'), { force: true }), 'LAST_VOTER'],
    [client.admin.removeMember('n9'), 'UNKNOWN_MEMBER'],
    [client.admin.promoteMember('n9'), 'UNKNOWN_MEMBER'],
    [client.admin.addMember(id('n0')), 'ALREADY_MEMBER'],
    [client.admin.promoteMember(id('n0')), 'ALREADY_MEMBER'],
    [client.admin.addMember('n9'), 'NO_MEMBER'],
    [client.admin.addMember('a.b'), 'NO_MEMBER'],
    [client.admin.replaceMember('n8', 'n9'), 'UNKNOWN_MEMBER'],
  ] as const;
  for (const [refused, code] of refusals) await expect(refused).rejects.toMatchObject({ code });
  const last = await member('remove', 'n0', '--force');
  expect(last).toMatchObject({ code: 1, stdout: '' });
  expect(last.stderr).toBe(
    'synod: LAST_VOTER: This is the last voter. Without it the cluster would end. Promote another ' +
      `member first. (${id('n0')})\n`,
  );
  for (const wrong of [['add'], ['add', 'a.b'], ['add', 'n1', '--timeout', '0'], ['swap']]) {
    expect(await member(...wrong)).toMatchObject({ code: 2, stdout: '' });
  }
  expect(await lists()).toEqual({ voters: ['n0'], learners: [] });
}, 60_000);

test('a learner that lags, and a change that leaves too few who answer, are refused', async () => {
  await start(3);
  await cluster.startMember('n3');
  const added = await member('add', 'n3');
  expect(added).toEqual({
    code: 0,
    stdout: 'Configuration 1 is in force: voters n0, n1, n2, learners n3.\n',
    stderr: '',
  });
  await caughtUp('n3');
  await signal('n3', 'SIGSTOP');
  await appendBeyondWindow();
  await expect(client.admin.promoteMember(id('n3'))).rejects.toMatchObject({ code: 'LAGS' });
  const late = await member('replace', 'n2', id('n3'), '--timeout', '1');
  expect(late).toMatchObject({ code: 1, stdout: '' });
  expect(late.stderr).toContain(`(${id('n3')} does not answer; `);
  await client.admin.removeMember(id('n3'));

  const leader = await leads();
  const [silent = '', other = ''] = cluster.names.filter((name) => name !== leader);
  await signal(silent, 'SIGSTOP');
  await silenceIsNoticed();
  const unsafe = await member('remove', other);
  expect(unsafe).toMatchObject({ code: 1, stdout: '' });
  expect(unsafe.stderr).toContain('Too few of the remaining voters answer now.');
  // By force it is decided, and settles once the silent one is back.
  const forced = client.admin.removeMember(id(other), { force: true });
  await until('the change', () =>
    folder.log(leader).some((line) => line['forced'] === true && line['taken'] === true)
      ? true
      : undefined,
  );
  await signal(silent, 'SIGCONT');
  await forced;
  const voters = cluster.names.filter((name) => name !== other);
  expect(await lists()).toEqual({ voters, learners: [] });
  await client.machine(chatLog).append('after it');
}, 60_000);

test('what has not settled is said, and nothing else is changed before it has', async () => {
  // The state is written when the process is stopped, and not before.
  await start(1, ['--checkpoint-ms', '60000']);
  const connection = await connect({ servers: cluster.natsUrl });
  const ask = async (request: MembershipRequest): Promise<MembershipAnswer | undefined> => {
    const { membership } = subjectsOf('local', folder.cluster);
    const text = JSON.stringify(request);
    return parseMembershipAnswer(
      (await connection.request(membership, text, { timeout: 20_000 })).string(),
    );
  };
  const add = { step: 'add', member: 'n1', base: 0, force: false } as const;
  await leads();
  expect(await ask(add)).toEqual({ ok: false, code: 'NOT_SETTLED' });
  const another = { ...add, member: 'n2' };
  expect(await ask(another)).toEqual({ ok: false, code: 'OUTDATED' });
  expect(await ask({ ...another, base: 1 })).toEqual({ ok: false, code: 'PENDING' });
  const early = await member('remove', 'n1', '--timeout', '1');
  expect(early).toMatchObject({ code: 1, stdout: '' });
  expect(early.stderr).toContain('Another change of the members has not settled yet.');

  await cluster.node('n0')?.stop(5_000);
  await cluster.startMember('n0');
  await leads();
  const configuration = { number: 1, voters: [id('n0')], learners: ['n1'] };
  expect(await ask(add)).toEqual({ ok: true, configuration });
  await connection.close();
}, 60_000);
