import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { makeFolder } from '../../../host/src/folder.ts';
import { NatsDialer } from '../../../link/src/nats-dialer.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { abortable, refuseAborted } from './abortable.ts';
import { end, isRunning, startOf } from './running.ts';
import { findNatsServer } from './nats-server.ts';
import type { Workspace } from './workspace.ts';

const START_DEADLINE_MS = 15_000;
const LOCK_DEADLINE_MS = 360_000;
const DIAL_MS = 2_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The NATS server that a working folder uses: `$SYNOD_NATS_URL`, or one of the folder's own, which
 * the first who needs it starts.
 * @param signal ends it: then no server is left that it started
 * @returns its URL
 * @throws NoNatsServerError, InterruptedError, or Error when it does not start
 */
export async function folderNats(
  workspace: Workspace,
  environment: Environment,
  say: (what: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const external = externalNats(environment);
  if (external !== undefined) return external;
  const url = runningNats(workspace);
  if (url !== undefined) return url;
  const release = await lock(workspace, signal);
  try {
    return runningNats(workspace) ?? (await start(workspace, environment, say, signal));
  } finally {
    release();
  }
}

/** The URL of a server that is not the folder's own, when one is named. */
export function externalNats(environment: Environment): string | undefined {
  const url = environment['SYNOD_NATS_URL'];
  return url === '' ? undefined : url;
}

/**
 * Members wait for NATS for ever, and say so in their logs: whoever is about to start some looks
 * first whether the server is there that was named.
 * @throws SynodError `UNREACHABLE`, `NOT_ADMITTED`
 */
export async function dialExternalNats(environment: Environment): Promise<void> {
  const url = externalNats(environment);
  if (url === undefined) return;
  const credentialsDir = environment['SYNOD_NATS_CREDENTIALS_DIR'];
  const access = { url, credentialsDir, tlsDir: environment['SYNOD_NATS_TLS_DIR'] };
  const dialer = new NatsDialer({ access, name: 'synod', echo: false, dialMs: DIAL_MS });
  const connection = await dialer.dial();
  if ('code' in connection) {
    throw new SynodError(connection.code, { detail: `SYNOD_NATS_URL: ${connection.sentence}` });
  }
  await connection.close();
}

/** The URL of the folder's own server, when it runs. */
export function runningNats(workspace: Workspace): string | undefined {
  return workspace.running().find(({ kind }) => kind === 'nats-server')?.url;
}

async function start(
  workspace: Workspace,
  environment: Environment,
  say: (what: string) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const program = await abortable(findNatsServer(environment, say, signal), signal);
  const folder = path.join(workspace.path, 'nats');
  makeFolder(folder);
  const log = fs.openSync(path.join(folder, 'nats-server.log'), 'a');
  const args = ['--addr', '127.0.0.1', '--port', '-1', '--ports_file_dir', folder];
  const server = spawn(program, args, { detached: true, stdio: ['ignore', log, log] });
  fs.closeSync(log);
  server.unref();
  const { pid } = server;
  if (pid === undefined) throw new Error(`${program} could not be started.`);
  const ports = path.join(folder, `${path.basename(program)}_${pid}.ports`);
  const deadline = performance.now() + START_DEADLINE_MS;
  const id = { pid, start: startOf(pid) };
  for (;;) {
    const url = readUrl(ports);
    if (url !== undefined) {
      workspace.record(pid, { kind: 'nats-server', url });
      return url;
    }
    if (signal?.aborted === true) await end(id, 0);
    refuseAborted(signal);
    if (!isRunning(id) || performance.now() > deadline) {
      await end(id, 0);
      throw new Error(`nats-server did not start; see ${path.join(folder, 'nats-server.log')}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function readUrl(file: string): string | undefined {
  try {
    const { nats } = JSON.parse(fs.readFileSync(file, 'utf8')) as { nats?: string[] };
    return nats?.find((url) => url.includes('127.0.0.1')) ?? nats?.[0];
  } catch {
    return undefined; // Not there yet, or not whole.
  }
}

/** One at a time starts a server; the lock of a process that has ended does not count. */
async function lock(workspace: Workspace, signal?: AbortSignal): Promise<() => void> {
  makeFolder(workspace.path);
  const file = path.join(workspace.path, 'nats.lock');
  const claim = `${file}.${randomUUID()}`;
  const deadline = performance.now() + LOCK_DEADLINE_MS;
  fs.writeFileSync(claim, JSON.stringify({ pid: process.pid, start: startOf(process.pid) }));
  try {
    for (;;) {
      try {
        fs.linkSync(claim, file);
        return () => fs.rmSync(file, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      if (performance.now() > deadline) throw new Error(`${file} is held for too long; remove it.`);
      refuseAborted(signal);
      dropStale(file);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    fs.rmSync(claim, { force: true });
  }
}

function dropStale(file: string): void {
  try {
    const holder = JSON.parse(fs.readFileSync(file, 'utf8')) as { pid: number; start: string };
    if (!isRunning(holder)) fs.rmSync(file, { force: true });
  } catch {
    // It has just been released.
  }
}
