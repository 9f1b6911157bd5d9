import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { folderNats } from '../../../cli/src/local/folder-nats.ts';
import { Workspace } from '../../../cli/src/local/workspace.ts';

let folder: string;
let workspace: Workspace;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-workspace-'));
  workspace = new Workspace(folder);
});
afterEach(async () => {
  await workspace.destroy();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** A process that does nothing until it is ended. */
function idle() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
  if (child.pid === undefined) throw new Error('no process');
  return { pid: child.pid, exit: once(child, 'exit') as Promise<[unknown, string]> };
}

test('what was recorded and runs is known; what has ended is dropped', async () => {
  const { pid, exit } = idle();
  workspace.record(pid, { kind: 'node', cluster: 'c' });
  expect(workspace.running()).toMatchObject([{ pid, kind: 'node', cluster: 'c' }]);
  process.kill(pid, 'SIGKILL');
  await exit;
  expect(workspace.running()).toEqual([]);
  expect(fs.readdirSync(path.join(workspace.path, 'processes'))).toEqual([]);
});

test('a later process with the id of a recorded one is not ours: it is not ended', async () => {
  const { pid, exit } = idle();
  const record = workspace.record(pid, { kind: 'node', cluster: 'c' });
  const file = path.join(workspace.path, 'processes', `${pid}.json`);
  fs.writeFileSync(file, JSON.stringify({ ...record, start: '1' }));
  await workspace.destroy();
  expect(() => process.kill(pid, 0)).not.toThrow();
  process.kill(pid, 'SIGKILL');
  await exit;
});

test('destroying one cluster leaves the others, and their nats-server', async () => {
  const [one, other] = [idle(), idle()];
  workspace.record(one.pid, { kind: 'node', cluster: 'one' });
  workspace.record(other.pid, { kind: 'node', cluster: 'other' });
  const url = await folderNats(workspace, process.env, () => undefined);
  for (const cluster of ['one', 'other']) {
    fs.mkdirSync(workspace.dataOf(cluster), { recursive: true });
  }
  await workspace.destroy('one');
  expect((await one.exit)[1]).toBe('SIGKILL');
  expect(fs.existsSync(workspace.dataOf('one'))).toBe(false);
  expect(fs.existsSync(workspace.dataOf('other'))).toBe(true);
  expect(
    workspace
      .running()
      .map(({ kind }) => kind)
      .sort(),
  ).toEqual(['nats-server', 'node']);
  expect(await folderNats(workspace, process.env, () => undefined)).toBe(url);
  await workspace.destroy();
  expect((await other.exit)[1]).toBe('SIGKILL');
  expect(fs.existsSync(workspace.path)).toBe(false);
});

test('many who need the nats-server at once share one; $SYNOD_NATS_URL comes before it', async () => {
  const need = () => folderNats(new Workspace(folder), process.env, () => undefined);
  const urls = await Promise.all(Array.from({ length: 8 }, need));
  expect(new Set(urls).size).toBe(1);
  expect(workspace.running()).toHaveLength(1);
  const named = { ...process.env, SYNOD_NATS_URL: 'nats://elsewhere:4222' };
  expect(await folderNats(workspace, named, () => undefined)).toBe('nats://elsewhere:4222');
});

test('the lock of a process that has ended does not hold up a start', async () => {
  fs.mkdirSync(workspace.path, { recursive: true });
  const { pid, exit } = idle();
  process.kill(pid, 'SIGKILL');
  await exit;
  const lock = path.join(workspace.path, 'nats.lock');
  fs.writeFileSync(lock, JSON.stringify({ pid, start: '1' }));
  await folderNats(workspace, process.env, () => undefined);
  expect(fs.existsSync(lock)).toBe(false);
});
