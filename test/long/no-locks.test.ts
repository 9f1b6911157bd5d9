import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const NODE_PROGRAM = path.resolve('dist/node/src/main.js');

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-no-locks-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

test('where there are no locks, a member is refused, and the message says so', () => {
  const shim = path.join(folder, 'no-locks.so');
  const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror'];
  execFileSync('gcc', [...flags, '-o', shim, path.resolve('test/long/no-locks.c'), '-ldl']);
  const data = path.join(folder, 'data');
  const args = ['--cluster', 'c', '--name', 'n0', '--data', data, '--http-port', '0'];
  const { status, stderr } = spawnSync(process.execPath, [NODE_PROGRAM, ...args], {
    env: { ...process.env, LD_PRELOAD: shim },
    timeout: 20_000,
  });
  const { msg } = JSON.parse(stderr.toString().trimEnd().split('\n').at(-1) ?? '') as {
    msg: string;
  };
  expect({ status, msg }).toMatchObject({ status: 65 });
  expect(msg).toContain(`${data}.lock cannot be locked: `);
  expect(msg).toContain('Choose a data folder on a filesystem with locks');
  expect(fs.existsSync(data)).toBe(false);
});
