import fs from 'node:fs';

/** MiB of memory that belongs to the process alone; `undefined` where the system does not say. */
export function anonymousMib(pid: number): number | undefined {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    const [, kib] = /^RssAnon:\s+(\d+) kB$/m.exec(status) ?? [];
    return kib === undefined ? undefined : Number(kib) / 1024;
  } catch {
    return undefined;
  }
}
