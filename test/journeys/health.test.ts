import { execFileSync } from 'node:child_process';
import type { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import { synod } from './cli-run.ts';
import { TestFolder, until } from './test-cluster.ts';

/* What a cluster of real processes says of itself when it is not well, and when it is again. */

let folder: TestFolder;
let cluster: LocalCluster;

beforeEach(async () => {
  folder = new TestFolder();
  cluster = await folder.start(3);
}, 30_000);
afterEach(() => folder.remove(), 20_000);

interface Said {
  readonly code: number | null;
  readonly health: string;
  readonly sentence: string;
}

/** What `synod status` says, and how it ends. */
async function said(): Promise<Said> {
  const where = ['--cluster', folder.cluster, '--nats-url', cluster.natsUrl];
  const { code, stdout } = await synod(['status', ...where, '--output', 'json'], {
    cwd: folder.path,
  });
  const { health, sentence } = JSON.parse(stdout) as Omit<Said, 'code'>;
  return { code, health, sentence };
}

async function asked(name: string, path: string): Promise<{ code: number; text: string }> {
  const answer = await fetch(`${folder.http(name)}${path}`);
  return { code: answer.status, text: await answer.text() };
}

async function statusOf(name: string): Promise<MemberStatus> {
  return JSON.parse((await asked(name, '/status')).text) as MemberStatus;
}

/** The names of all, the leader first. */
async function leaderFirst(): Promise<string[]> {
  return until('a leader', async () => {
    const all = await Promise.all(cluster.names.map(statusOf));
    const leader = all.find(({ role }) => role === 'leader');
    const others = all.filter((each) => each !== leader).map(({ name }) => name);
    return leader && [leader.name, ...others];
  });
}

async function kill(name: string): Promise<void> {
  cluster.node(name)?.kill('SIGKILL');
  await cluster.node(name)?.exit;
}

test('a quorum is lost: status, exit status, alarms, metric and readiness say so until it is back', async () => {
  const [leader = '', follower = '', third = ''] = await leaderFirst();
  await until('all well', async () => (await said()).code === 0 || undefined);
  await kill(follower);
  expect(await said()).toMatchObject({ code: 3, health: 'degraded' });
  expect((await asked(leader, '/readyz')).code).toBe(200);
  expect(await folder.metric(leader, 'synod_voters')).toBe(3);
  expect(await folder.metric(leader, 'synod_learners')).toBe(0);

  await kill(third);
  const status = await until('the alarm', async () => {
    const status = await statusOf(leader);
    return status.alarmCodes.includes('no-quorum') ? status : undefined;
  });
  const silent = [follower, third].map((name) => cluster.idOf(name));
  expect(status.ready).toBe(false);
  const [sentence = ''] = status.alarms;
  expect(sentence).toContain('only 1 of 3 voters');
  for (const id of silent) expect(sentence).toContain(id);
  expect(await folder.metric(leader, 'synod_alarm{code="no-quorum"}')).toBe(1);
  expect(await asked(leader, '/readyz')).toEqual({ code: 503, text: `Not ready: ${sentence}\n` });
  expect((await asked(leader, '/healthz')).code).toBe(200);
  const lost = await said();
  expect(lost).toMatchObject({ code: 4, health: 'no-quorum' });
  expect(lost.sentence).toMatch(/^No quorum: 1 of 3 voters are well, 2 are needed/);

  await cluster.startMember(follower);
  await until('no alarm', async () => {
    const { alarms, ready } = await statusOf(leader);
    return (alarms.length === 0 && ready) || undefined;
  });
  expect(await folder.metric(leader, 'synod_alarm{code="no-quorum"}')).toBe(0);
  expect((await asked(leader, '/readyz')).code).toBe(200);
  expect(await said()).toMatchObject({ code: 3, health: 'degraded' });
  await cluster.startMember(third);
  await until('all well', async () => (await said()).code === 0 || undefined);
}, 90_000);

test('a process that was stopped for a while says that its event loop stood still', async () => {
  const [, follower = ''] = await leaderFirst();
  const { pid } = cluster.node(follower) ?? {};
  execFileSync('kill', ['-STOP', String(pid)]);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  execFileSync('kill', ['-CONT', String(pid)]);
  const status = await until('the alarm', async () => {
    const status = await statusOf(follower);
    return status.alarmCodes.includes('loop-stalled') ? status : undefined;
  });
  expect(status.alarms.join()).toContain('the event loop');
  await until('no alarm', async () => (await statusOf(follower)).alarms.length === 0 || undefined);
}, 60_000);
