import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

const DEADLINE_MS = 30_000;

/**
 * The helm program: `$HELM`, the one on the path, or the one that the Kubernetes lab built.
 * @throws Error that says how to have one
 */
export function findHelm(environment: NodeJS.ProcessEnv = process.env): string {
  const cache = environment['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  const folders = (environment['PATH'] ?? '').split(path.delimiter);
  const found = [
    environment['HELM'],
    ...folders.map((folder) => path.join(folder, 'helm')),
    ...programs(path.join(cache, 'synod', 'helm')),
  ].find((file) => file !== undefined && isProgram(file));
  if (found !== undefined) return found;
  throw new Error(
    'There is no helm: put it on the PATH, name it with $HELM, or have it built by "npm run lab -- programs".',
  );
}

export function helm(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, {
    timeout: DEADLINE_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  }).toString();
}

/** Below a folder for each version. */
function programs(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((version) => path.join(folder, version, 'helm'));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
