import { connect as connectNats, type Msg } from 'nats';
import { clientRoles } from '../../contract/src/roles.ts';
import { subjectsOf } from '../../contract/src/subjects.ts';
import type { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import type { SynodClient } from '../../client/src/client.ts';
import { synod, type CliResult } from './cli-run.ts';
import { TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/*
 * Who leads is asked for, and changed on purpose, with real processes. One cluster serves all:
 * a test starts again whom it ended.
 */

let folder: TestFolder;
let cluster: LocalCluster;
let client: SynodClient;

beforeAll(async () => {
  folder = new TestFolder();
  cluster = await folder.start(3);
  client = await folder.client(cluster);
}, 30_000);
afterAll(() => folder.remove(), 20_000);

function leader(...args: string[]): Promise<CliResult> {
  const where = ['--cluster', folder.cluster, '--nats-url', cluster.natsUrl];
  return synod(['leader', ...args, ...where], { cwd: folder.path });
}

/** The name of who leads. */
async function shown(): Promise<string> {
  return until('a leader', async () => {
    const { code, stdout } = await leader('show');
    const [, name, id = ''] = /^(\w+) \((\w+)\)\n$/.exec(stdout) ?? [];
    if (code !== 0 || name === undefined) return undefined;
    expect(cluster.idOf(name).startsWith(id)).toBe(true);
    return name;
  });
}

const others = (than: string): string[] => cluster.names.filter((each) => each !== than);
const line = (name: string): string => `${name} (${cluster.idOf(name).slice(0, 8)}) leads.\n`;

test('a transfer under load: the member that was named leads, and every text is there once', async () => {
  const first = await shown();
  const [next = ''] = others(first);
  const texts = Array.from({ length: 300 }, (_, i) => `text ${i}`);
  const written = Promise.all(texts.map((text) => client.machine(chatLog).append(text)));
  expect(await leader('transfer', next)).toEqual({
    code: 0,
    stdout: line(next),
    stderr: '',
  });
  await written;
  expect(await shown()).toBe(next);
  expect((await client.machine(chatLog).read()).texts.toSorted()).toEqual(texts.toSorted());
  const id = cluster.idOf(first);
  const json = await leader('transfer', id.slice(0, 8), '--output', 'json');
  expect(JSON.parse(json.stdout)).toEqual({ leader: id, name: first });
}, 60_000);

test('who begins to lead tells the clients of each role', async () => {
  const first = await shown();
  const [next = ''] = others(first);
  const subjects = subjectsOf('local', folder.cluster);
  const expected = clientRoles.map((role) => subjects.leading(role));
  const listener = await connectNats({ servers: cluster.natsUrl });
  try {
    const told = expected.map((leading) => {
      return new Promise((resolve) => {
        const callback = (_: unknown, { subject }: Msg): void => resolve(subject);
        listener.subscribe(leading, { callback });
      });
    });
    await listener.flush();
    await client.admin.transferLeadership(cluster.idOf(next));
    expect(await Promise.all(told)).toEqual(expected);
  } finally {
    await listener.close();
  }
}, 60_000);

test('without a name the leader chooses; its own name changes nothing', async () => {
  const first = await shown();
  const id = cluster.idOf(first);
  expect(await client.admin.transferLeadership(id)).toBe(id);
  const ids = others(first).map((each) => cluster.idOf(each));
  expect(ids).toContain(await client.admin.transferLeadership());
}, 60_000);

test('a name that no voter has, and a member that is down: a sentence, and the leader stays', async () => {
  const first = await shown();
  const unknown = await leader('transfer', 'nobody');
  expect(unknown).toMatchObject({ code: 1, stdout: '' });
  expect(unknown.stderr).toContain('No member with that id can do this.');
  const [down = ''] = others(first);
  cluster.node(down)?.kill('SIGKILL');
  await cluster.node(down)?.exit;
  // Who is silent has not said under which name it runs.
  const refused = await leader('transfer', cluster.idOf(down));
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('No other member took over in time.');
  expect(await shown()).toBe(first);
  await cluster.startMember(down);
}, 60_000);

test('a leader that is stopped hands over first', async () => {
  const first = await shown();
  cluster.node(first)?.kill('SIGTERM');
  expect(await cluster.node(first)?.exit).toBe(0);
  const next = await shown();
  const asked = await folder.metric(next, 'synod_messages_received_total{type="hand-over"}');
  expect(asked).toBeGreaterThan(0);
  await client.machine(chatLog).append('after it');
  await cluster.startMember(first);
}, 60_000);

test('without a majority nobody leads: it is said', async () => {
  const first = await shown();
  for (const member of others(first)) cluster.node(member)?.kill('SIGKILL');
  const gone = await until('a leader that steps down', async () => {
    const found = await leader('show');
    return found.code === 0 ? undefined : found;
  });
  expect(gone).toMatchObject({ code: 69, stdout: '' });
  expect(gone.stderr).toContain('No member leads cluster journey.');
  await expect(client.admin.transferLeadership()).rejects.toMatchObject({ code: 'NO_LEADER' });
}, 60_000);
