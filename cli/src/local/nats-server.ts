import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { fetchRelease, installProgram } from './release-archive.ts';

const run = promisify(execFile);
export const NATS_SERVER_VERSION = '2.15.2';
const OBTAIN_DEADLINE_MS = 300_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** No nats-server is there, and none can be had; the message names the ways to get one. */
export class NoNatsServerError extends Error {
  override readonly name = 'NoNatsServerError';
}

/** The folder in which obtained programs are kept. */
export function cacheFolder(environment: Environment): string {
  const base =
    environment['XDG_CACHE_HOME'] ?? path.join(environment['HOME'] ?? homedir(), '.cache');
  return path.join(base, 'synod');
}

/**
 * Finds a nats-server, or obtains one: `$NATS_SERVER`, `PATH`, the cache folder; then the official
 * release, then the Go toolchain.
 * @param say told what takes long
 * @param signal ends a build
 * @returns the path of the program
 * @throws NoNatsServerError
 */
export async function findNatsServer(
  environment: Environment = process.env,
  say: (what: string) => void = () => undefined,
  signal?: AbortSignal,
): Promise<string> {
  const named = environment['NATS_SERVER'];
  if (named !== undefined && named !== '') {
    if (isProgram(named)) return named;
    throw new NoNatsServerError(`$NATS_SERVER names ${named}, which is not a program.`);
  }
  const installed = onPath('nats-server', environment);
  if (installed !== undefined) return installed;
  const cached = path.join(cacheFolder(environment), `nats-server-${NATS_SERVER_VERSION}`);
  if (isProgram(cached)) return cached;
  return obtain(cached, environment, say, signal);
}

async function obtain(
  target: string,
  environment: Environment,
  say: (what: string) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const failures: string[] = [];
  say(`fetching nats-server ${NATS_SERVER_VERSION} from its official release`);
  try {
    await fetchNatsServer(target, environment);
    return target;
  } catch (error) {
    if (signal?.aborted === true) throw error;
    failures.push(firstLine(error));
  }
  const go = onPath('go', environment);
  if (go === undefined) failures.push('there is no Go toolchain');
  else {
    say(`building nats-server ${NATS_SERVER_VERSION} with ${go}; it takes about a minute, once`);
    try {
      await build(go, target, environment, signal);
      return target;
    } catch (error) {
      failures.push(`go install failed: ${firstLine(error)}`);
    }
  }
  throw new NoNatsServerError(
    `No nats-server was found, and none could be downloaded or built (${failures.join('; ')}). ` +
      'Put nats-server on the PATH or name it with $NATS_SERVER; ' +
      'or install a Go toolchain to have it built; ' +
      'or name a running one with $SYNOD_NATS_URL.',
  );
}

function fetchNatsServer(target: string, environment: Environment): Promise<void> {
  const host = 'https://github.com/nats-io/nats-server/releases/download';
  const baseUrl = environment['SYNOD_NATS_RELEASE_URL'] ?? `${host}/v${NATS_SERVER_VERSION}`;
  const deadlineMs = Number(environment['SYNOD_NATS_RELEASE_DEADLINE_MS'] ?? 60_000);
  return fetchRelease({ baseUrl, version: NATS_SERVER_VERSION, target, deadlineMs });
}

async function build(
  go: string,
  target: string,
  environment: Environment,
  signal: AbortSignal | undefined,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'synod-nats-'));
  try {
    await run(go, ['install', `github.com/nats-io/nats-server/v2@v${NATS_SERVER_VERSION}`], {
      env: { ...environment, GOBIN: folder, GOFLAGS: '' },
      timeout: OBTAIN_DEADLINE_MS,
      ...(signal && { signal }),
    });
    await installProgram(path.join(folder, 'nats-server'), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function onPath(program: string, environment: Environment): string | undefined {
  return (environment['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, program))
    .find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return existsSync(file);
  } catch {
    return false;
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().split('\n')[0] ?? '';
}
