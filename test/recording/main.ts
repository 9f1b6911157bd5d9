import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from '../../cli/src/bench/until.ts';
import { cliProgram, synod } from '../journeys/cli-run.ts';
import { drawing } from './drawing.ts';
import { session } from './session.ts';

/* Records what the second terminal of docs/tutorial.md shows, from a real cluster. */

const FILE = 'docs/pictures/tutorial.svg';
const START_MS = 60_000;

/** Whether the cluster is there, and well. */
async function isHealthy(folder: string): Promise<true | undefined> {
  const { code } = await synod(['status'], { cwd: folder });
  return code === 0 ? true : undefined;
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'synod-recording-'));
const up = spawn(process.execPath, [cliProgram, 'up'], {
  cwd: folder,
  stdio: ['pipe', 'ignore', 2],
});
const ended = new Promise((resolve) => up.on('exit', resolve));
try {
  await until('a healthy cluster', START_MS, () => isHealthy(folder));
  fs.writeFileSync(FILE, drawing(await session(folder)));
  process.stdout.write(`${FILE} is written.\n`);
} finally {
  up.kill('SIGINT');
  await ended;
  fs.rmSync(folder, { recursive: true });
}
