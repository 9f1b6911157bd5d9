import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Worker } from './addresses.ts';
import { until } from './deadline.ts';
import { LabError } from './lab-error.ts';

const HIERARCHIES = '/sys/fs/cgroup';
const ROOT = 'synod-lab';
const REMOVAL_DEADLINE_MS = 10_000;

/** Below which a worker's kubelet keeps the cgroups of its pods. */
export function cgroupRootOf(worker: Worker): string {
  return `/${ROOT}/${worker}`;
}

/** @throws LabError on a host that has not the cgroups of version 1 */
export function refuseCgroups(): void {
  if (existsSync(path.join(HIERARCHIES, 'memory'))) return;
  throw new LabError('This host has no cgroups of version 1, and the lab knows no others.');
}

/** Makes a worker's root under every controller; the kubelet won't. */
export function ensureCgroups(worker: Worker): void {
  for (const hierarchy of hierarchies()) {
    for (const below of [ROOT, `${ROOT}/${worker}`]) {
      const folder = path.join(hierarchy, below);
      mkdirSync(folder, { recursive: true });
      // A new set of processors is empty, and nothing can run in it.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        const parent = path.join(path.dirname(folder), file);
        if (existsSync(parent)) writeFileSync(path.join(folder, file), readFileSync(parent));
      }
    }
  }
}

/** Removes the roots of all workers, once nothing runs in them. */
export async function removeCgroups(): Promise<void> {
  for (const hierarchy of hierarchies()) {
    const root = path.join(hierarchy, ROOT);
    await until(`${root} could be removed`, REMOVAL_DEADLINE_MS, () => {
      if (existsSync(root)) removeTree(root);
      return true;
    });
  }
}

/** Folders in which the kernel shows each hierarchy; some are links to others. */
function hierarchies(): string[] {
  if (!existsSync(HIERARCHIES)) return [];
  return readdirSync(HIERARCHIES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(HIERARCHIES, entry.name))
    .filter((folder) => existsSync(path.join(folder, 'cgroup.procs')));
}

/** The files in a cgroup go with its folder, and can't be removed. */
function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(path.join(folder, entry.name));
  }
  rmdirSync(folder);
}
