import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { NodeProcess } from '../../cli/src/local/node-process.ts';
import { connect, type SynodClient } from '../../client/src/client.ts';
import { SynodError } from '../../contract/src/synod-error.ts';
import type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
import { RESTORE_FILE, SLOT_MARGIN } from '../../contract/src/snapshot.ts';
import { synod, type CliResult } from './cli-run.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* docs/backup.md, with real processes. */

let folder: TestFolder;
let cluster: LocalCluster;
let client: SynodClient;
beforeEach(async () => {
  folder = new TestFolder();
  cluster = await folder.start(3);
  client = await folder.client(cluster);
}, 40_000);
afterEach(() => folder.remove(), 30_000);

/** In the working folder; `--cluster` is the one of the tests, unless another one is named. */
function snapshot(...args: string[]): Promise<CliResult> {
  return snapshotIn({}, ...args);
}

function snapshotIn(more: Record<string, string>, ...args: string[]): Promise<CliResult> {
  const env = { SYNOD_CLUSTER: folder.cluster, SYNOD_NATS_URL: cluster.natsUrl, ...more };
  return synod(['snapshot', ...args], { cwd: folder.path, env, deadlineMs: 60_000 });
}

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await snapshot(...args, '--output', 'json');
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** All texts of a cluster. */
async function texts(of: SynodClient): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const page = await of.machine(chatLog).read({ from: found.length, limit: 500 });
    found.push(...page.texts);
    if (page.texts.length === 0) return found;
  }
}

function start(name: string, nodes: number): Promise<LocalCluster> {
  const { workspace } = folder;
  const environment = { ...process.env, SYNOD_NATS_URL: cluster.natsUrl };
  return LocalCluster.start({
    workspace,
    cluster: name,
    nodes,
    environment,
    program: NODE_PROGRAM,
  });
}

test('saved while writes go on; restored as a new cluster, with all that was answered before', async () => {
  // Lines as large as they may be make it last a few parts.
  const before = Array.from({ length: 40 }, (_, i) => `before ${i} `.padEnd(50_000, 'x'));
  await Promise.all(before.map((text) => client.machine(chatLog).append(text)));
  const saving = new AbortController();
  let during = 0;
  const writing = (async () => {
    for (; !saving.signal.aborted; during += 1)
      await client.machine(chatLog).append(`during ${during}`);
  })();
  await until('writes are under way', () => (during > 5 ? true : undefined));
  const first = await client.machine(chatLog).append('just before');
  const saved = await json('save', 'a.snapshot');
  const wentOn = during;
  saving.abort();
  await writing;
  expect(saved).toMatchObject({ cluster: 'journey', clusterId: cluster.first.clusterId });
  expect(saved['slot']).toBeGreaterThan(first.slot);
  expect(wentOn).toBeGreaterThan(5);
  expect(saved['tables']).not.toHaveProperty('sessions');
  expect(await json('verify', 'a.snapshot')).toEqual(saved);
  expect(await json('inspect', 'a.snapshot')).toEqual(saved);
  const tried = await json('verify', 'a.snapshot', '--restore');
  expect(tried).toEqual({ ...saved, restored: true });

  const restored = await json('restore', 'a.snapshot', '--cluster', 'b', '--nodes', '3');
  expect(restored['hash']).toBe(saved['hash']);
  const fresh = await start('b', 3);
  const reader = await connect({ natsUrl: fresh.natsUrl, cluster: 'b', deadlineMs: 20_000 });
  try {
    const { slot, hash } = saved;
    expect(fresh.first).toMatchObject({ snapshot: { slot, hash } });
    expect(fresh.first.clusterId).not.toBe(cluster.first.clusterId);
    const found = await texts(reader);
    expect(found).toEqual(expect.arrayContaining([...before, 'just before']));
    // Only what was going on while it was saved may be missing, from some slot on.
    const old = await texts(client);
    expect(found).toEqual(old.slice(0, found.length));
    const next = await reader.machine(chatLog).append('after');
    expect(next.slot).toBeGreaterThanOrEqual(Number(saved['slot']) + SLOT_MARGIN);
    expect(next.position).toBe(found.length);
    for (const name of ['n0', 'n1', 'n2']) {
      expect(fs.existsSync(path.join(folder.workspace.dataOf('b'), name, RESTORE_FILE))).toBe(
        false,
      );
    }

    // It stands a kill of all, and a blank member takes its state.
    const nodes = ['n0', 'n1', 'n2'].map((name) => fresh.node(name));
    for (const node of nodes) node?.kill('SIGKILL');
    for (const node of nodes) await node?.exit;
    fs.rmSync(path.join(folder.workspace.dataOf('b'), 'n2'), { recursive: true });
    for (const name of ['n0', 'n1', 'n2']) await fresh.startMember(name);
    expect(await texts(reader)).toEqual([...found, 'after']);
    await reader.admin.addMember(fresh.idOf('n2'));
    await until('the blank member has it', async () => {
      const members = await reader.admin.status({ waitMs: 300, expect: 3 });
      const slots = members.map(({ slotOut }) => slotOut);
      return slots.length === 3 && Math.min(...slots) > next.slot ? true : undefined;
    });
  } finally {
    await reader.close();
    await fresh.stop();
  }
}, 120_000);

test('whoever holds another snapshot, or none, is no voter of a cluster that begins with one', async () => {
  await client.machine(chatLog).append('one');
  await json('save', 'a.snapshot');
  await client.machine(chatLog).append('two');
  await json('save', 'b.snapshot');
  const data = (name: string): string => path.join(folder.workspace.dataOf('b'), name);
  await json('restore', 'a.snapshot', '--data', data('n0'));
  await json('restore', 'b.snapshot', '--data', data('n1'));
  await expect(start('b', 2)).rejects.toThrow(/n0 holds the snapshot of slot .*, and n1 holds/);
  // Told all the same, by whoever does not look, neither takes it, nor does a blank one.
  const started = ['n0', 'n1', 'n2'].map((name) => {
    const { workspace } = folder;
    const where = { workspace, natsUrl: cluster.natsUrl, cluster: 'b', data: data(name), name };
    const flags = ['--http-port', '0'];
    return new NodeProcess({
      ...where,
      program: NODE_PROGRAM,
      logFile: `${data(name)}.log`,
      flags,
    });
  });
  const admin = await connect({
    ...{ natsUrl: cluster.natsUrl, cluster: 'b', role: 'administrator', deadlineMs: 5_000 },
  });
  try {
    const members = await Promise.all(started.map((node) => node.ready));
    expect(members.map(({ role }) => role)).toEqual(['unformed', 'unformed', 'unformed']);
    const [n0, n1, n2] = members;
    if (!n0?.snapshot || !n1?.snapshot) throw new Error('they hold nothing');
    expect(n2?.snapshot).toBeNull();
    const ids = members.map(({ member }) => member);
    const { slot, hash } = n0.snapshot;
    const named: FirstConfiguration = { clusterId: 'x', members: ids, window: 9 };
    const told = (member: string, first: FirstConfiguration): Promise<string> =>
      until('an answer', () =>
        admin.admin.form(member, first).then(
          () => 'taken',
          (error: unknown) => {
            const code = error instanceof SynodError ? error.code : String(error);
            return code === 'NO_MEMBER' ? undefined : code;
          },
        ),
      );
    const withOne = { ...named, snapshot: { slot, hash } };
    const other = { ...named, snapshot: { slot, hash: randomBytes(32).toString('hex') } };
    expect(await told(n1.member, withOne)).toBe('ANOTHER_SNAPSHOT');
    expect(await told(n2?.member ?? '', withOne)).toBe('ANOTHER_SNAPSHOT');
    expect(await told(n0.member, other)).toBe('ANOTHER_SNAPSHOT');
    expect(await told(n0.member, named)).toBe('ANOTHER_SNAPSHOT');
    expect((await admin.admin.status()).map(({ role }) => role)).toEqual(Array(3).fill('unformed'));
    expect(await told(n0.member, withOne)).toBe('taken');
  } finally {
    await admin.close();
    await Promise.all(started.map((node) => node.stop(5_000)));
  }
}, 60_000);

test('a source that stops: another one is taken; of one alone it ends in time, with no file', async () => {
  await client.machine(chatLog).append('one');
  cluster.node('n0')?.kill('SIGKILL');
  await cluster.node('n0')?.exit;
  const alone = ['--timeout', '2', '--member', cluster.idOf('n0')];
  const { code, stderr } = await snapshot('save', 'a.snapshot', ...alone);
  expect(code).toBe(1);
  expect(stderr).toContain('No member with that id answers.');
  expect(fs.readdirSync(folder.path).filter((name) => name.includes('snapshot'))).toEqual([]);
  const saved = await json('save', 'a.snapshot');
  expect(saved['name']).not.toBe('n0');

  // Nobody is left who could say what was answered to anybody: only as a member has it.
  cluster.node('n1')?.kill('SIGKILL');
  await cluster.node('n1')?.exit;
  const lost = await snapshot('save', 'b.snapshot', '--timeout', '2');
  expect(lost.code).toBe(1);
  expect(fs.existsSync(path.join(folder.path, 'b.snapshot'))).toBe(false);
  expect((await json('save', 'b.snapshot', '--local'))['name']).toBe('n2');
}, 90_000);

test('kept in a folder: the newest stay, and who cannot save removes nothing', async () => {
  const names = (): string[] => fs.readdirSync(path.join(folder.path, 'kept')).sort();
  const { cluster: name } = folder;
  // Names are of seconds: two within one are refused.
  const keepIn = (env: Record<string, string>, ...args: string[]): Promise<CliResult> =>
    until('another name', async () => {
      const result = await snapshotIn(env, 'keep', 'kept', ...args);
      return result.code === 2 ? undefined : result;
    });
  const keep = (...args: string[]): Promise<CliResult> => keepIn({}, ...args);
  const old = ['20200101T000000Z', '20200102T000000Z'].map((time) => `${name}-${time}.snapshot`);
  await client.machine(chatLog).append('one');
  const first = await json('keep', 'kept', '--last', '3');
  const file = path.join(folder.path, String(first['file']));
  for (const each of old) fs.copyFileSync(file, path.join(folder.path, 'kept', each));
  fs.truncateSync(path.join(folder.path, 'kept', old[1] ?? ''), 100);

  const second = await keep('--last', '1');
  expect(second.code).toBe(0);
  expect(second.stderr).toContain(
    `${old[1]}: It is damaged: its end is missing. It is not counted`,
  );
  expect(second.stdout).toMatch(
    /It was checked\. A throw-away member began with it\. Whole ones there: 1; removed: .*, .*\.\n$/,
  );
  const left = names();
  expect(left).toHaveLength(2);
  expect(left[0]).toBe(old[1]);

  const untried = await keepIn({ TMPDIR: '/dev/null' }, '--last', '1');
  expect(untried.code).toBe(74);
  expect(untried.stderr).toMatch(/could not be tried in \/dev\/null: ENOTDIR/);
  expect(names()).toEqual(left);

  for (const each of ['n0', 'n1', 'n2']) cluster.node(each)?.kill('SIGKILL');
  const third = await keep('--last', '1', '--timeout', '1');
  expect(third).toMatchObject({ code: 1, stdout: '' });
  expect(names()).toEqual(left);
}, 60_000);

test('what is no whole snapshot, or would overwrite something, is refused with a sentence', async () => {
  await client.machine(chatLog).append('one');
  await json('save', 'a.snapshot');
  const file = path.join(folder.path, 'a.snapshot');
  const bytes = fs.readFileSync(file);
  const again = await snapshot('save', 'a.snapshot');
  expect(again).toMatchObject({ code: 2, stdout: '' });
  expect(again.stderr).toContain('a.snapshot is there already.');
  const used = await snapshot('restore', 'a.snapshot', '--cluster', folder.cluster);
  expect(used.code).toBe(65);
  expect(used.stderr).toContain('is not empty. A new cluster begins with new data folders');
  const left = await snapshot('restore', 'no.snapshot', '--cluster', folder.cluster, '--if-blank');
  expect(left).toMatchObject({ code: 0, stderr: '' });
  expect(left.stdout).toContain('has something in it already: nothing was restored.');

  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 16;
  fs.writeFileSync(file, bytes);
  for (const command of ['verify', 'inspect', 'restore']) {
    const found = await snapshot(
      command,
      'a.snapshot',
      ...(command === 'restore' ? ['--cluster', 'b'] : []),
    );
    expect(found).toMatchObject({ code: 65, stdout: '' });
    expect(found.stderr).toMatch(/^synod: a\.snapshot: It is damaged: .*\.\n$/);
  }
  expect(fs.existsSync(folder.workspace.dataOf('b'))).toBe(false);
  const missing = await snapshot('verify', 'no.snapshot');
  expect(missing.code).toBe(74);
  expect(missing.stderr).toContain('no.snapshot: ENOENT');
}, 60_000);

test('restored for one member, and begun with three: nothing is started, and what it says works', async () => {
  await client.machine(chatLog).append('one');
  await json('save', 'a.snapshot');
  await json('restore', 'a.snapshot', '--cluster', 'b', '--nodes', '1');
  const data = folder.workspace.dataOf('b');
  const up = (input: string, ...args: string[]): Promise<CliResult> => {
    const env = { SYNOD_NATS_URL: cluster.natsUrl };
    return synod(['up', '--cluster', 'b', ...args], { cwd: folder.path, env, input });
  };
  const refused = await up('two\n', '--nodes', '3');
  expect(refused).toEqual({
    ...{ code: 1, stdout: '' },
    stderr:
      'synod: n0 of cluster b holds a snapshot to begin with, and n1, n2 do not: nothing was ' +
      'started. Begin with "synod up --cluster b --nodes 1"; then ' +
      '"synod up --cluster b --nodes 3" starts the others, and says how each gets a vote. Or ' +
      'restore it for all of them: "synod snapshot restore <file> --cluster b --nodes 3".\n',
  });
  expect(fs.readdirSync(data)).toEqual(['n0']);

  // Restored for all of them, or begun with as many as have it.
  await json('restore', 'a.snapshot', '--cluster', 'b', '--nodes', '3');
  for (const name of ['n1', 'n2']) fs.rmSync(path.join(data, name), { recursive: true });
  const begun = await up('two\n');
  expect(begun).toMatchObject({ code: 0, stdout: expect.stringContaining('\ttwo\n') as string });
  expect(begun.stderr).toContain('Starting 1 member(s)');
  const grown = await up('three\n', '--nodes', '3');
  expect(grown).toMatchObject({ code: 0, stdout: expect.stringContaining('\tthree\n') as string });
  expect(grown.stderr).toContain('"synod member add n2 --cluster b" makes it a learner.');
}, 90_000);
