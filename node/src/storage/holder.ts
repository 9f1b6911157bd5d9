import fs from 'node:fs';
import { hostname } from 'node:os';

/** The process that holds a lock, as it says itself in the lock file. */
export interface Holder {
  /** Of the member, or where it runs. */
  readonly name: string;
  readonly pid: number;
  readonly host: string;
  /** When it took the lock. */
  readonly since: string;
  /** Tells it from a later process with the same id; '' where the system does not say. */
  readonly start: string;
  /** Within which its id means something: a boot of a machine, and a process namespace there. */
  readonly processes: string;
}

/** @param name of the member, or where it runs */
export function thisProcess(name: string): Holder {
  const { pid } = process;
  const since = new Date().toISOString();
  const [start, processes] = [startOf(pid), processNamespace()];
  return { name, pid, host: hostname(), since, start, processes };
}

/** @returns `undefined` when it is none, or not whole yet */
export function parseHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder>;
    const texts = [holder.name, holder.host, holder.since, holder.start, holder.processes];
    const isWhole = Number.isInteger(holder.pid) && texts.every((each) => typeof each === 'string');
    return isWhole ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it is one of the processes that can be seen from here, and has not ended. */
export function isSeen({ pid, start, processes }: Holder): boolean {
  if (processes !== processNamespace()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return start === '' || startOf(pid) === start;
}

function startOf(pid: number): string {
  const stat = read(() => fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

function processNamespace(): string {
  const boot = read(() => fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  return `${boot} ${read(() => fs.readlinkSync('/proc/self/ns/pid'))}`;
}

/** '' where the system has no such file. */
function read(file: () => string): string {
  try {
    return file();
  } catch {
    return '';
  }
}
