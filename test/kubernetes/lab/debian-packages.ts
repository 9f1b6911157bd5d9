import { accessSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run, type CommandOptions } from './command.ts';
import { LabError } from './lab-error.ts';

const INSTALL_DEADLINE_MS = 600_000;
/** Another installation may be under way. */
const waitForOthers = ['-o', 'DPkg::Lock::Timeout=300'];
/** Asked by Debian's packages before they start a service; 101 means that they may not. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** Each package, and a file by which it is known to be there. */
const packages: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  runc: 'runc',
  'containernetworking-plugins': '/usr/lib/cni/ptp',
  iptables: 'iptables',
  ipset: 'ipset',
  conntrack: 'conntrack',
  buildah: 'buildah',
  mmdebstrap: 'mmdebstrap',
  openssl: 'openssl',
  iproute2: 'ip',
  'util-linux': 'nsenter',
  prometheus: 'promtool',
};

/**
 * Installs what is missing, without a service of it being started.
 * @throws LabError when that can't be done
 */
export async function ensurePackages(say: (line: string) => void): Promise<void> {
  const missing = Object.keys(packages).filter((name) => !isThere(packages[name]!));
  if (missing.length === 0) return;
  const list = missing.join(', ');
  if (!isThere('apt-get')) {
    throw new LabError(`These Debian packages are missing, and there is no apt-get: ${list}.`);
  }
  say(`installing Debian packages: ${list}`);
  const before = daemons();
  await withoutServices(async () => {
    const options: CommandOptions = {
      deadlineMs: INSTALL_DEADLINE_MS,
      environment: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    };
    await run('apt-get', ['update', '-q'], options);
    const install = ['install', '-q', '-y', '--no-install-recommends', ...waitForOthers];
    await run('apt-get', [...install, ...missing], options);
  });
  const started = daemons().filter((daemon) => !before.includes(daemon));
  if (started.length === 0) return;
  throw new LabError(`The packages started what should not run, end it: ${started.join(', ')}.`);
}

async function withoutServices(work: () => Promise<void>): Promise<void> {
  const ours = !existsSync(POLICY_FILE);
  if (ours) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    if (ours) rmSync(POLICY_FILE, { force: true });
  }
}

/** Daemons of these packages that run, like `prometheus (process 42)`. */
function daemons(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => ({ pid, name: nameOf(pid) }))
    .filter(({ name }) => /^(prometheus|containerd|buildah)/.test(name))
    .map(({ pid, name }) => `${name} (process ${pid})`);
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return ''; // It has ended meanwhile.
  }
}

function isThere(program: string): boolean {
  if (path.isAbsolute(program)) return isFile(program);
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.some((folder) => folder !== '' && isFile(path.join(folder, program)));
}

function isFile(file: string): boolean {
  try {
    accessSync(file);
    return true;
  } catch {
    return false;
  }
}
