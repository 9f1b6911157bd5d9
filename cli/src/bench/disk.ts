import fs from 'node:fs';
import path from 'node:path';

const TMPFS = 0x01021994;
const RAMFS = 0x858458f6;
const SYNCS = 200;

/** Whether what is written there is in memory only. */
export function isMemory(folder: string): boolean {
  const { type } = fs.statfsSync(folder);
  return type === TMPFS || type === RAMFS;
}

/** Milliseconds that an fdatasync of 4 KiB, appended to a file there, takes: the median. */
export function syncLatencyMs(folder: string): number {
  const name = path.join(folder, 'sync-latency');
  const file = fs.openSync(name, 'w');
  const times: number[] = [];
  for (let i = 0; i < SYNCS; i++) {
    const begin = performance.now();
    fs.writeSync(file, Buffer.alloc(4096, i));
    fs.fdatasyncSync(file);
    times.push(performance.now() - begin);
  }
  fs.closeSync(file);
  fs.rmSync(name);
  return times.sort((a, b) => a - b)[SYNCS / 2] ?? NaN;
}
