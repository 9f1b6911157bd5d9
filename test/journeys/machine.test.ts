import fs from 'node:fs';
import path from 'node:path';
import type { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { NodeProcess } from '../../cli/src/local/node-process.ts';
import type { MemberStatus } from '../../contract/src/status.ts';
import { NODE_PROGRAM, TestFolder, until } from './test-cluster.ts';
import { counter } from '../../machines/src/counter/calls.ts';

/* The machine is a cluster's, and not a setting of one process. */

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder.remove(), 20_000);

/** A process that somebody starts by hand. */
function byHand({ natsUrl }: LocalCluster, name: string, machine: string): NodeProcess {
  const { workspace, cluster } = folder;
  const data = folder.dataOf(name);
  const flags = ['--http-port', '0', '--machine', machine];
  const where = { workspace, natsUrl, cluster, data, logFile: `${data}.log` };
  return new NodeProcess({ ...where, name, program: NODE_PROGRAM, flags });
}

/** Starts it, and sees that it ends by itself, with its data as it was. */
async function refused(cluster: LocalCluster, name: string): Promise<void> {
  const before = folder.snapshot(name);
  const node = byHand(cluster, name, 'chat-log');
  node.ready.catch(() => undefined);
  expect(await node.ended(20_000)).toBe(true);
  expect(await node.exit).toBe(65);
  expect(folder.log(name).at(-1)?.['msg']).toBe(
    "The cluster's machine is counter, and this member was started with --machine chat-log. " +
      'Start it with --machine counter, or choose another data folder.',
  );
  expect(folder.snapshot(name)).toEqual(before);
}

async function shown(name: string): Promise<MemberStatus> {
  return (await (await fetch(`${folder.http(name)}/status`)).json()) as MemberStatus;
}

test('a member that is started by hand with another machine is refused, and its data stays', async () => {
  const cluster = await folder.start(3, undefined, ['--machine', 'counter']);
  expect(cluster.first.machine).toEqual({ name: 'counter', version: 2 });
  const client = await folder.client(cluster);
  await client.machine(counter).add('r', 3);
  const versions = { machine: 'counter', machineVersion: 2, newestMachineVersion: 2 };
  expect(await shown('n2')).toMatchObject(versions);
  expect(await folder.metric('n2', 'synod_machine_version')).toBe(2);

  await cluster.node('n2')?.stop(5_000);
  await refused(cluster, 'n2');
  await cluster.startMember('n2');
  expect(await client.machine(counter).add('r', 4)).toMatchObject({ value: 7 });
}, 60_000);

test('one that is told a cluster of another machine refuses, and stays blank', async () => {
  const cluster = await folder.start(1, undefined, ['--machine', 'counter']);
  const client = await folder.client(cluster);
  const stranger = byHand(cluster, 'stranger', 'chat-log');
  const { member } = await stranger.ready;
  await client.admin.status({ expect: 2, waitMs: 5_000 });
  const told = client.admin.form(member, cluster.first);
  await expect(told).rejects.toMatchObject({ code: 'ANOTHER_MACHINE' });
  expect(await shown('stranger')).toMatchObject({ role: 'unformed', machineVersion: 0 });
  const file = path.join(folder.dataOf('stranger'), 'first-configuration.json');
  expect(fs.existsSync(file)).toBe(false);
  const newer = { ...cluster.first, machine: { name: 'chat-log', version: 9 } };
  await expect(client.admin.form(member, newer)).rejects.toMatchObject({ code: 'OLD_MACHINE' });
  await stranger.stop(5_000);
}, 60_000);

test('a cluster of an older Synod names no machine: the first start by this one does, for ever', async () => {
  folder.format(3, 64);
  const cluster = await folder.start(3, undefined, ['--machine', 'counter']);
  expect(cluster.first.machine).toBeUndefined();
  // It begins in version 1, and the newest one comes into force as all have it.
  await until('version 2', async () => (await shown('n1')).machineVersion === 2 || undefined);
  expect(await shown('n1')).toMatchObject({ firstConfiguration: cluster.first });
  await cluster.node('n1')?.stop(5_000);
  await refused(cluster, 'n1');
}, 60_000);
