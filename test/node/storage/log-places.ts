import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LogRecord } from '../../../node/src/paxos/effects.ts';
import { DiskFolder } from '../../../node/src/storage/disk-folder.ts';
import type { Facts } from '../../../node/src/storage/facts.ts';
import type { LogFolder } from '../../../node/src/storage/log-folder.ts';
import type { Log, OpenedLog } from '../../../node/src/storage/log.ts';
import { MemoryDisk, MemoryFolder } from '../../../node/src/storage/memory-folder.ts';
import { openSegmentLog } from '../../../node/src/storage/log-opening.ts';
import { formatLog } from '../../../node/src/storage/member-log.ts';
import type { SegmentLogOptions } from '../../../node/src/storage/segment-log.ts';
import { SUPERBLOCK } from '../../../node/src/storage/superblock.ts';

/** Where a log is kept, and what a test may do to it behind its back. */
export interface LogPlace {
  /** A folder over what is there: as a new process would open it. */
  folder(): LogFolder;
  /** Of the segments. */
  names(): string[];
  bytes(name: string): Buffer;
  /** Replaces what a file holds, also for whoever has it open. */
  replace(name: string, bytes: Buffer): void;
  remove(name: string): void;
  clean(): void;
}

export function diskPlace(): LogPlace {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-log-'));
  return {
    folder: () => new DiskFolder(folder),
    names: () => readdirSync(folder).filter(isSegment).sort(),
    bytes: (name) => readFileSync(path.join(folder, name)),
    replace: (name, bytes) => writeFileSync(path.join(folder, name), bytes),
    remove: (name) => rmSync(path.join(folder, name)),
    clean: () => rmSync(folder, { recursive: true }),
  };
}

export function memoryPlace(): LogPlace {
  const disk = new MemoryDisk();
  return {
    folder: () => new MemoryFolder(disk, setImmediate),
    names: () => [...disk.files.keys()].filter(isSegment).sort(),
    bytes: (name) => Buffer.from(disk.file(name)),
    replace: (name, bytes) => {
      const file = disk.files.get(name);
      if (file?.length === bytes.length) bytes.copy(file);
      else disk.files.set(name, Buffer.from(bytes));
    },
    remove: (name) => void disk.files.delete(name),
    clean: () => disk.files.clear(),
  };
}

export const SEGMENT_BYTES = 16 * 1024;

/** A state that has applied every slot below `slotOut`. */
export function stateAt(slotOut: number, more: Partial<Facts> = {}): SegmentLogOptions['state'] {
  return { slotOut, logEnd: 0, ...more };
}

/** Opens a log, and formats the place when there is nothing in it yet. */
export function open(place: LogPlace, options: Partial<SegmentLogOptions> = {}): OpenedLog {
  const { memberId = 'a' } = options;
  const folder = place.folder();
  if (folder.list().length === 0) formatLog(folder, memberId);
  return openSegmentLog({
    folder,
    clusterId: 'local/test',
    memberId,
    state: stateAt(0),
    segmentBytes: SEGMENT_BYTES,
    ...options,
  });
}

export function append(log: Log, records: readonly LogRecord[]): Promise<void> {
  return new Promise((resolve, reject) => {
    log.append(records, (error) => (error === undefined ? resolve() : reject(error)));
  });
}

/** The contents of every file, to see that nothing was changed. */
export function snapshot(place: LogPlace): Map<string, Buffer> {
  return new Map([...place.names(), SUPERBLOCK].map((name) => [name, place.bytes(name)]));
}

function isSegment(name: string): boolean {
  return name !== SUPERBLOCK;
}
