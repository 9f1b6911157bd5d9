import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { folderNats } from '../../cli/src/local/folder-nats.ts';
import { NodeProcess } from '../../cli/src/local/node-process.ts';
import { type SynodClient } from '../../client/src/client.ts';
import { openDataFolder } from '../../node/src/storage/data-folder.ts';
import { freePorts } from './cli-run.ts';
import { ContainedNode } from './contained-node.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/*
 * Two processes on one data folder that do not see one another, as in two containers that have one
 * volume: each is process 1. What tells them apart is the lock that the kernel holds.
 */

const WAITS = /^The data folder .* is held .* It waits until the folder is free\.$/;

let folder: TestFolder;
let natsUrl: string;
let contained: ContainedNode[];
beforeEach(async () => {
  folder = new TestFolder();
  contained = [];
  natsUrl = await folderNats(folder.workspace, process.env, () => undefined);
});
afterEach(async () => {
  await Promise.all(contained.map((node) => node.kill()));
  await folder.remove();
});

/** A member that is the only one of its cluster, on the folder of n0. */
const alone = ['--member', 'n0', '--members', 'n0'];

/** @param log a name for its log */
function start(log: string, identity = alone, more: readonly string[] = []): ContainedNode {
  fs.mkdirSync(folder.dataOf(''), { recursive: true });
  const { cluster } = folder;
  const where = ['--cluster', cluster, '--data', folder.dataOf('n0'), '--nats-url', natsUrl];
  const flags = [...identity, ...where, '--http-port', '0', ...more];
  const node = new ContainedNode(flags, path.join(folder.path, `${log}.log`));
  contained.push(node);
  return node;
}

const opened = (node: ContainedNode) => node.said(/^data opened$/);

async function client(): Promise<SynodClient> {
  return folder.client({ natsUrl });
}

async function answer(url: string): Promise<[number, string]> {
  const response = await fetch(url);
  return [response.status, await response.text()];
}

test('the second waits and says so, and goes on with what the first one acknowledged', async () => {
  const first = start('first');
  await opened(first);
  const writing = await client();
  await writing.machine(chatLog).append('before');

  const second = start('second');
  const line = await second.said(WAITS);
  const data = folder.dataOf('n0');
  expect(line).toMatchObject({ folder: data, holder: { pid: 1, name: 'n0' } });
  const held = `The data folder ${data} is held by process 1 of n0 on host `;
  expect(line['msg']).toContain(held);
  const http = await second.http();
  expect(await answer(`${http}/healthz`)).toEqual([200, 'The event loop turns.\n']);
  const [code, reason] = await answer(`${http}/readyz`);
  expect(code).toBe(503);
  expect(reason).toContain(`Not ready: ${held}`);
  const status: unknown = JSON.parse((await answer(`${http}/status`))[1]);
  expect(status).toMatchObject({ name: 'n0', role: 'waiting', ready: false });
  expect((status as { alarms: string[] }).alarms[0]).toContain(held);
  const said = () => second.lines().filter(({ msg }) => WAITS.test(String(msg))).length;
  await until('it has said so again', () => (said() > 1 ? true : undefined));

  await writing.machine(chatLog).append('meanwhile');
  expect(second.find(/^data opened$/)).toBeUndefined();
  await first.kill();
  await opened(second);
  await writing.machine(chatLog).append('after');
  expect((await writing.machine(chatLog).read()).texts).toEqual(['before', 'meanwhile', 'after']);
}, 60_000);

test('one that is stopped holds the folder on; who waits is ended at once', async () => {
  const first = start('first');
  await opened(first);
  const second = start('second');
  await second.said(WAITS);
  await first.signal('SIGSTOP');
  const lines = second.lines().length;
  await until('it waits on', () => (second.lines().length > lines + 1 ? true : undefined));
  expect(second.find(/^data opened$/)).toBeUndefined();
  await second.signal('SIGTERM');
  expect(await second.ended()).toBe(0);

  const third = start('third');
  await third.said(WAITS);
  await first.signal('SIGCONT');
  await first.kill();
  await opened(third);
}, 60_000);

test('many that start at once on no folder: one formats it, the others wait in turn', async () => {
  const named = ['--name', 'n0'];
  const nodes = Array.from({ length: 6 }, (_, i) => start(`starter ${i}`, named));
  const isIn = (node: ContainedNode) => node.find(/^it waits to be told$/) !== undefined;
  const members = new Set<unknown>();
  const killed: ContainedNode[] = [];
  while (killed.length < nodes.length) {
    const holders = await until('one is in', () => {
      const found = nodes.filter((node) => node.running && isIn(node));
      return found.length > 0 ? found : undefined;
    });
    for (const node of nodes) if (node.running && !isIn(node)) await node.said(WAITS);
    expect(holders).toHaveLength(1);
    members.add(holders[0]?.find(/^it waits to be told$/)?.['member']);
    const ended = nodes.filter((node) => !node.running && !killed.includes(node));
    expect(ended.map((node) => node.lines().at(-1))).toEqual([]);
    killed.push(...holders);
    await holders[0]?.kill();
  }
  expect(members.size).toBe(1);
  expect(fs.readdirSync(folder.dataOf('')).sort()).toEqual(['n0', 'n0.lock']);
}, 120_000);

test('many that start at once and see one another: one has the folder, the others are refused', async () => {
  const { workspace, cluster } = folder;
  const nodes = Array.from({ length: 6 }, (_, i) => {
    const logFile = path.join(folder.path, `starter ${i}.log`);
    const where = { workspace, natsUrl, cluster, data: folder.dataOf('n0'), logFile };
    const flags = ['--http-port', '0'];
    return new NodeProcess({ ...where, name: 'n0', program: NODE_PROGRAM, flags });
  });
  const ups = await Promise.allSettled(nodes.map(({ ready }) => ready));
  expect(ups.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const refused = nodes.filter(({ running }) => !running);
  expect(await Promise.all(refused.map(({ exit }) => exit))).toEqual([65, 65, 65, 65, 65]);
}, 60_000);

test('a recovery that a crash cut short is finished once, by one of two that start', async () => {
  const data = folder.dataOf('n0');
  const cluster = `local/${folder.cluster}`;
  openDataFolder(data, { cluster });
  const { memberId } = openDataFolder(`${data}.recovered`, { cluster });
  fs.writeFileSync(path.join(`${data}.recovered`, 'recovered-from'), 'old\n');
  const nodes = [start('one', ['--name', 'n0']), start('other', ['--name', 'n0'])];
  const isIn = (node: ContainedNode) => node.find(/^it waits to be told$/);
  const first = await until('one is in', () => nodes.find(isIn));
  const other = nodes.find((node) => node !== first);
  await other?.said(WAITS);
  expect(isIn(first)?.['member']).toBe(memberId);
  await first.kill();
  expect((await other?.said(/^it waits to be told$/))?.['member']).toBe(memberId);
  expect(fs.readdirSync(path.dirname(data)).sort()).toEqual(['n0', 'n0.lock', 'n0.set-aside-old']);
}, 60_000);

test("a process of a master's script waits, too", async () => {
  const [one = 0, other = 0] = await freePorts(2);
  const mode = (port: number) => ['--mode', 'on-demand', '--script-port', String(port)];
  const first = start('first', alone, mode(one));
  await opened(first);
  const second = start('second', alone, mode(other));
  await second.said(WAITS);
  await first.kill();
  await opened(second);
}, 60_000);

test('one that can be seen is named, and the second one refused', async () => {
  const first = start('first');
  await opened(first);
  // From where the first one is seen: in its own process namespace.
  const inside = await first.inside();
  const flags = ['--target', String(inside), '--pid', '--mount', process.execPath, NODE_PROGRAM];
  const where = ['--cluster', folder.cluster, '--data', folder.dataOf('n0')];
  const second = spawn('nsenter', [...flags, ...alone, ...where, '--http-port', '0']);
  let said = '';
  second.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(second, 'close')) as [number];
  expect({ code, said }).toMatchObject({ code: 65 });
  expect(said).toContain('is in use by process 1.');
}, 60_000);
