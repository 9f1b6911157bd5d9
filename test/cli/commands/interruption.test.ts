import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/* The built `synod`, while it reads a snapshot from a file that never ends. */

const PROGRAM = path.resolve('dist/cli/src/main.js');
let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-interrupted-'));
  file = path.join(folder, 'a.snapshot');
  execFileSync('mkfifo', [file]);
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Once somebody reads it. */
async function writer(): Promise<number> {
  for (;;) {
    try {
      return fs.openSync(file, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

test.each([['verify'], ['inspect']])('%s ends when it is told to', async (command) => {
  const child = spawn(process.execPath, [PROGRAM, 'snapshot', command, file]);
  const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  const open = await writer();
  const late = setTimeout(() => child.kill('SIGKILL'), 3_000);
  child.kill('SIGTERM');
  expect(await ended).toBe('SIGTERM');
  clearTimeout(late);
  fs.closeSync(open);
});

test.each([
  ['restore', (file) => [file, '--data', path.join(folder, 'data')]],
  ['verify', (file) => [file, '--restore']],
] as [string, (file: string) => string[]][])(
  '%s, which reads twice, takes no pipe',
  (command, args) => {
    const asked = [PROGRAM, 'snapshot', command, ...args(file)];
    const { status, stderr } = spawnSync(process.execPath, asked, {
      encoding: 'utf8',
      timeout: 9_000,
    });
    expect(stderr).toContain('It is no file.');
    expect(status).toBe(65);
  },
);
