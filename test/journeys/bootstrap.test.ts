import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectNats } from 'nats';
import { FirstConfigurationFile } from '../../cli/src/local/first-configuration-file.ts';
import { folderNats } from '../../cli/src/local/folder-nats.ts';
import { NodeProcess } from '../../cli/src/local/node-process.ts';
import { connect } from '../../client/src/client.ts';
import type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* How processes become one cluster, and stay it: see "Identity" in ARCHITECTURE.md. */

const NAMES = ['n0', 'n1', 'n2'];
let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder.remove(), 20_000);

/** Starts members that are told nothing. */
class Unformed {
  readonly #nodes: NodeProcess[] = [];
  natsUrl = '';

  async start(names = NAMES, cluster = folder.cluster): Promise<MemberStatus[]> {
    const { workspace } = folder;
    this.natsUrl = await folderNats(workspace, process.env, () => undefined);
    const { natsUrl } = this;
    const nodes = names.map((name) => {
      const data = path.join(workspace.dataOf(cluster), name);
      const where = { workspace, natsUrl, cluster, data, logFile: `${data}.log` };
      const flags = ['--http-port', '0'];
      return new NodeProcess({ ...where, name, program: NODE_PROGRAM, flags });
    });
    this.#nodes.push(...nodes);
    return Promise.all(nodes.map((node) => node.ready));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop(5_000)));
  }
}

/** What a member shows over HTTP. */
async function shown(name: string, of = folder): Promise<MemberStatus> {
  return (await (await fetch(`${of.http(name)}/status`)).json()) as MemberStatus;
}

test('a member that is told nothing: up, unformed, without a subscription to protocol messages', async () => {
  const unformed = new Unformed();
  const members = await unformed.start();
  const subjects = subjectsOf('local', folder.cluster);
  const outside = await connectNats({ servers: unformed.natsUrl });
  for (const { name, member, role, clusterId, voters } of members) {
    expect({ role, clusterId, voters }).toEqual({ role: 'unformed', clusterId: null, voters: [] });
    expect(await shown(name)).toMatchObject({ name, member, role, clusterId });
    const ready = await fetch(`${folder.http(name)}/readyz`);
    const sentence = 'Not ready: it has not been told its cluster\n';
    expect([ready.status, await ready.text()]).toEqual([503, sentence]);
    await expect(outside.request(subjects.member(member))).rejects.toMatchObject({ code: '503' });
    expect(fs.readdirSync(folder.dataOf(name)).sort()).toEqual(['identity.json', 'lock', 'log']);
  }
  await expect(outside.request(subjects.members)).rejects.toMatchObject({ code: '503' });
  const client = await folder.client(unformed);
  expect((await client.admin.status({ expect: 3 })).map(({ name }) => name)).toEqual(NAMES);
  await outside.close();
  await unformed.stop();
}, 30_000);

test('told while it runs, it runs at once; then another first configuration changes nothing', async () => {
  const unformed = new Unformed();
  const members = await unformed.start();
  const client = await folder.client(unformed);
  const ids = members.map(({ member }) => member);
  const first = { clusterId: 'one', members: ids, window: 64 };
  await Promise.all(ids.map((id) => client.admin.form(id, first)));
  expect((await client.machine(chatLog).append('hello')).position).toBe(0);
  const told = await client.admin.status({ expect: 3 });
  for (const { clusterId, voters, window } of told) {
    expect({ clusterId, voters, window }).toEqual({ clusterId: 'one', voters: ids, window: 64 });
  }
  const file = path.join(folder.dataOf('n1'), 'first-configuration.json');
  const before = fs.readFileSync(file, 'utf8');
  const [, n1 = ''] = ids;
  await client.admin.form(n1, first);
  for (const other of [{ clusterId: 'two' }, { members: [n1] }, { window: 65 }]) {
    const refused = client.admin.form(n1, { ...first, ...other });
    await expect(refused).rejects.toMatchObject({ code: 'ANOTHER_CLUSTER' });
  }
  await expect(client.admin.form('nobody', first)).rejects.toMatchObject({ code: 'NO_MEMBER' });
  expect(fs.readFileSync(file, 'utf8')).toBe(before);
  expect((await client.machine(chatLog).append('still here')).position).toBe(1);
  await unformed.stop();

  const again = await folder.start(3);
  expect(again.first).toEqual(first);
  expect((await (await folder.client(again)).machine(chatLog).read()).texts).toEqual([
    'hello',
    'still here',
  ]);
}, 60_000);

test('garbage on the subject that tells a member: a typed answer, and it is told later all the same', async () => {
  const unformed = new Unformed();
  const member = (await unformed.start(['n0']))[0]?.member ?? '';
  const outside = await connectNats({ servers: unformed.natsUrl });
  const subject = subjectsOf('local', folder.cluster).form(member);
  const garbage = ['', 'null', '{}', '{"clusterId":"c","members":["a"],"window":1}', '\xff\0'];
  for (const request of garbage) {
    const answer = await outside.request(subject, Buffer.from(request, 'latin1'));
    expect(answer.json()).toEqual({ ok: false, code: 'MALFORMED' });
  }
  outside.publish(subject, Buffer.from('nobody is answered'));
  expect(await shown('n0')).toMatchObject({ role: 'unformed' });
  const client = await folder.client(unformed);
  await client.admin.form(member, { clusterId: 'one', members: [member], window: 8 });
  expect((await client.machine(chatLog).append('alone')).position).toBe(0);
  await outside.close();
  await unformed.stop();
}, 30_000);

/** Bootstraps what answers, at a moment. Prints the first configuration. */
const bootstrapper = `
  const [dist, folder, natsUrl, cluster, at] = process.argv.slice(1);
  const { bootstrap } = await import(dist + '/cli/src/local/bootstrap.js');
  const { FirstConfigurationFile } = await import(dist + '/cli/src/local/first-configuration-file.js');
  const { connect } = await import(dist + '/client/src/client.js');
  const client = await connect({ natsUrl, cluster });
  const members = await client.admin.status({ expect: 3, waitMs: 10_000 });
  while (Date.now() < Number(at));
  const file = new FirstConfigurationFile(folder);
  const first = await bootstrap(file, members, (member, first) => client.admin.form(member, first));
  console.log(JSON.stringify(first));
  await client.close();
`;

// Who wins the file is shown more often without nodes: see test/cli/local/bootstrap.test.ts.
test('two bootstrappers at once make one cluster, each time', async () => {
  for (let round = 0; round < 2; round++) {
    const cluster = `round-${round}`;
    const unformed = new Unformed();
    const members = await unformed.start(NAMES, cluster);
    const dist = path.resolve('dist');
    const at = String(Date.now() + 1_500);
    const place = [folder.workspace.dataOf(cluster), unformed.natsUrl, cluster, at];
    const run = (): Promise<string> => {
      const args = ['--input-type=module', '-e', bootstrapper, dist, ...place];
      return text(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout);
    };
    const [one, other] = await Promise.all([run(), run()]);
    expect(other).toBe(one);
    const first = JSON.parse(one) as FirstConfiguration;
    const ids = members.map(({ member }) => member);
    expect(first.members.toSorted()).toEqual(ids.toSorted());
    const client = await connect({ natsUrl: unformed.natsUrl, cluster });
    const told = await client.admin.status({ expect: 3, waitMs: 5_000 });
    expect(told.map(({ firstConfiguration }) => firstConfiguration)).toEqual([first, first, first]);
    expect((await client.machine(chatLog).append('one')).position).toBe(0);
    await client.close();
    await unformed.stop();
  }
}, 120_000);

test.each([
  { what: 'the file is there, nobody was told', told: 0, hasFile: true },
  { what: 'one was told', told: 1, hasFile: true },
  { what: 'two were told, and the file is lost', told: 2, hasFile: false },
])(
  'a bootstrapper that died: $what',
  async ({ told, hasFile }) => {
    const unformed = new Unformed();
    const ids = (await unformed.start()).map(({ member }) => member);
    const first = { clusterId: 'begun', members: ids, window: 128 };
    const place = folder.workspace.dataOf(folder.cluster);
    fs.writeFileSync(path.join(place, 'first-configuration.json.0.new'), '{"half');
    if (hasFile) new FirstConfigurationFile(place).create(first);
    const client = await folder.client(unformed);
    for (const id of ids.slice(0, told)) await client.admin.form(id, first);
    await unformed.stop();

    const cluster = await folder.start(3);
    expect(cluster.first).toEqual(first);
    expect(cluster.names.map((name) => cluster.idOf(name))).toEqual(ids);
    expect((await (await folder.client(cluster)).machine(chatLog).append('hello')).position).toBe(
      0,
    );
    for (const name of NAMES)
      expect(await shown(name)).toMatchObject({ firstConfiguration: first });
  },
  60_000,
);

test('a blank disk under an old name is a new member: it learns, and its vote counts nowhere', async () => {
  const cluster = await folder.start(3);
  const client = await folder.client(cluster);
  await client.machine(chatLog).append('before');
  const before = cluster.idOf('n1');
  cluster.node('n1')?.kill('SIGKILL');
  await cluster.node('n1')?.exit;
  fs.rmSync(folder.dataOf('n1'), { recursive: true });
  await cluster.startMember('n1');
  expect(cluster.idOf('n1')).not.toBe(before);
  await client.machine(chatLog).append('with two voters');

  const { clusterId } = cluster.first;
  const outsider = { role: 'outsider', clusterId, name: 'n1', member: cluster.idOf('n1') };
  await until('what it learns', async () => {
    const status = await shown('n1');
    expect(status).toMatchObject({ ...outsider, voters: cluster.first.members });
    return status.operationsApplied === 2 && status.ready ? true : undefined;
  });

  // Two of three names run, and one voter of three: no majority.
  cluster.node('n2')?.kill('SIGKILL');
  await cluster.node('n2')?.exit;
  const { natsUrl } = cluster;
  const impatient = await connect({ natsUrl, cluster: folder.cluster, deadlineMs: 3_000 });
  await expect(impatient.machine(chatLog).append('without a majority')).rejects.toThrow();
  await impatient.close();
  expect((await shown('n1')).operationsApplied).toBe(2);

  await cluster.startMember('n2');
  await client.machine(chatLog).append('after');
  expect(await shown('n1')).toMatchObject(outsider);
}, 60_000);

test("two clusters of one name, on the same subjects: another cluster's messages are dropped and counted", async () => {
  const other = new TestFolder();
  try {
    const one = await folder.start(3);
    const two = await other.start(3, one.natsUrl);
    expect(two.first.clusterId).not.toBe(one.first.clusterId);
    for (const [of, cluster] of [
      [folder, one],
      [other, two],
    ] as const) {
      for (const name of NAMES) {
        await until('a leader of its own', async () => {
          const { leader, voters } = await shown(name, of);
          expect(voters).toEqual(cluster.first.members);
          if (leader === null) return undefined;
          expect(voters).toContain(leader);
          return leader;
        });
        await until('the count', async () => {
          const series = 'synod_messages_dropped_total{reason="other-cluster"}';
          return (await of.metric(name, series)) > 0 ? true : undefined;
        });
        expect((await shown(name, of)).alarmCodes).toContain('two-clusters');
      }
    }
  } finally {
    await other.remove();
  }
}, 60_000);
