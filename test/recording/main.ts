import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cliProgram, synod } from '../journeys/cli-run.ts';
import { drawing } from './drawing.ts';
import { session } from './session.ts';

/* Records what the second terminal of docs/tutorial.md shows, from a real cluster. */

const FILE = 'docs/pictures/tutorial.svg';
const START_MS = 60_000;

async function healthy(folder: string): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (performance.now() < deadline) {
    const { code } = await synod(['status'], { cwd: folder });
    if (code === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the cluster did not start');
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'synod-recording-'));
const up = spawn(process.execPath, [cliProgram, 'up'], {
  cwd: folder,
  stdio: ['pipe', 'ignore', 2],
});
const ended = new Promise((resolve) => up.on('exit', resolve));
try {
  await healthy(folder);
  fs.writeFileSync(FILE, drawing(await session(folder)));
  process.stdout.write(`${FILE} is written.\n`);
} finally {
  up.kill('SIGINT');
  await ended;
  fs.rmSync(folder, { recursive: true });
}
