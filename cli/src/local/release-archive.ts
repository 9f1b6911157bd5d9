import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { makeFolder } from '../../../host/src/folder.ts';

const run = promisify(execFile);
const SUMS_DEADLINE_MS = 15_000;
const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export interface ReleaseOptions {
  /** The folder of the release on its host. */
  readonly baseUrl: string;
  readonly version: string;
  /** Where the program goes. */
  readonly target: string;
  readonly deadlineMs: number;
}

/**
 * Gets nats-server from the official release archive of this platform, checked against the sums
 * file of the same release.
 * @throws Error that says what went wrong; then `target` was not touched
 */
export async function fetchRelease(options: ReleaseOptions): Promise<void> {
  const { baseUrl, version, target, deadlineMs } = options;
  const architecture = architectures[process.arch] ?? process.arch;
  const name = `nats-server-v${version}-${process.platform}-${architecture}`;
  const archive = `${name}.tar.gz`;
  const signal = AbortSignal.timeout(deadlineMs);
  // A host that is not reached is known by then: the sums are a few lines.
  const soon = AbortSignal.timeout(Math.min(deadlineMs, SUMS_DEADLINE_MS));
  const sums = (await download(`${baseUrl}/SHA256SUMS`, soon)).toString();
  const expected = sumOf(sums, archive);
  if (expected === undefined) throw new Error(`${baseUrl}/SHA256SUMS does not name ${archive}`);
  const data = await download(`${baseUrl}/${archive}`, signal);
  const found = createHash('sha256').update(data).digest('hex');
  if (found !== expected) {
    throw new Error(`${archive} has the checksum ${found}, and the release says ${expected}`);
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'synod-nats-'));
  try {
    await writeFile(path.join(folder, archive), data);
    await run('tar', ['-xzf', archive], { cwd: folder, timeout: deadlineMs });
    await installProgram(path.join(folder, name, 'nats-server'), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Copies a program to where it is kept: others see it there whole, or not at all. */
export async function installProgram(program: string, target: string): Promise<void> {
  makeFolder(path.dirname(target));
  const fresh = `${target}.${process.pid}`;
  await copyFile(program, fresh);
  await chmod(fresh, 0o755);
  await rename(fresh, target);
}

async function download(url: string, signal: AbortSignal): Promise<Buffer> {
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`the host answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${url} could not be downloaded: ${why}`, { cause: error });
  }
}

function sumOf(sums: string, name: string): string | undefined {
  for (const line of sums.split('\n')) {
    const [sum, file] = line.trim().split(/\s+\*?/);
    if (file === name) return sum?.toLowerCase();
  }
  return undefined;
}
