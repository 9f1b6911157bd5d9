import { execFileSync, spawn } from 'node:child_process';
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

test.each([['verify'], ['inspect'], ['restore']])('%s ends when it is told to', async (command) => {
  const args = command === 'restore' ? ['--data', path.join(folder, 'data')] : [];
  const child = spawn(process.execPath, [PROGRAM, 'snapshot', command, file, ...args]);
  const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  const open = await writer();
  const late = setTimeout(() => child.kill('SIGKILL'), 3_000);
  child.kill('SIGTERM');
  expect(await ended).toBe('SIGTERM');
  clearTimeout(late);
  fs.closeSync(open);
});
