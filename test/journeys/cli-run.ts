import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Workspace } from '../../cli/src/local/workspace.ts';

/** The built `synod`. */
export const cliProgram = path.resolve('dist/cli/src/main.js');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd: string;
  /** Written to standard input, which is then ended. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

/** Runs the built `synod` to its end; after the deadline it is killed and the run fails. */
export function synod(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const { cwd, input = '', env = {}, deadlineMs = 120_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cliProgram, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: 'pipe',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`synod ${args.join(' ')} still ran after ${deadlineMs} ms:\n${stderr}`));
    }, deadlineMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(late);
      resolve({ code, stdout, stderr });
    });
    child.stdin.on('error', () => undefined); // It may end before it has read everything.
    child.stdin.end(input);
  });
}

/** Runs `work` in a working folder of its own, which is ended and removed afterwards. */
export async function inWorkingFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-journey-'));
  try {
    await work(folder);
  } finally {
    await new Workspace(folder).destroy();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Below those that the system gives to connections, which come and go. */
const PORTS = { from: 10_000, to: 32_000 };

/** TCP ports of loopback that were free a moment ago, each another. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The script with its ports replaced by free ones, so that runs side by side do not meet. */
export async function withFreePorts(script: string): Promise<string> {
  const start = /^(\d+ start \d+) (\d+)/gim;
  const used = [...new Set([...script.matchAll(start)].map(([, , port]) => port))];
  const free = await freePorts(used.length);
  const portOf = new Map(used.map((port, i) => [port, free[i]]));
  return script.replace(start, (_, head: string, port: string) => `${head} ${portOf.get(port)}`);
}
