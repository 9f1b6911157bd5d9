import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const SECTOR_BYTES = 512;
const RECORD_BYTES = 40;
const DURABLE = 2;
/** Slow enough for a power cut to find something unsynced. */
const SYNC_MS = 5;

/** The n-th such call on a path that has `part` in it fails, once. */
export interface DiskFailure {
  readonly call: 'write' | 'sync';
  readonly part: string;
  readonly nth: number;
  readonly errno: number;
}

/** What a write or a change of size replaced; or a range that has become durable meanwhile. */
interface UndoRecord {
  readonly durable: boolean;
  readonly offset: number;
  readonly length: number;
  /** Of the file before. */
  readonly size: number;
  readonly kept: Buffer;
}

/**
 * A disk that can lose power or fail, for real processes that are started with its environment:
 * see unreliable-disk.c.
 */
export class UnreliableDisk {
  readonly #root: string;
  readonly #journals: string;
  readonly #shim: string;
  readonly #syncUs: string;

  /**
   * @param folder gets the compiled shim and the journals
   * @param root what the disk holds
   */
  constructor(folder: string, root: string) {
    this.#root = root;
    this.#journals = path.join(folder, 'journals');
    this.#shim = path.join(folder, 'unreliable-disk.so');
    this.#syncUs = path.join(folder, 'sync-us');
    fs.mkdirSync(this.#journals, { recursive: true });
    this.takes(SYNC_MS);
    const source = path.resolve('test/long/unreliable-disk.c');
    const flags = ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror'];
    execFileSync('gcc', [...flags, '-o', this.#shim, source, '-ldl', '-pthread']);
  }

  /** What a process needs in its environment to write to this disk. */
  environment(failure?: DiskFailure): Record<string, string> {
    const { call, part, nth, errno } = failure ?? {};
    return {
      LD_PRELOAD: this.#shim,
      UV_USE_IO_URING: '0', // It would write past the shim.
      UNRELIABLE_DISK_ROOT: this.#root,
      UNRELIABLE_DISK_JOURNAL: this.#journals,
      UNRELIABLE_DISK_SYNC_US: this.#syncUs,
      ...(failure && { UNRELIABLE_DISK_FAIL: `${call} ${part} ${nth} ${errno}` }),
    };
  }

  /** From the next one on each sync takes so much longer, also of processes that run. */
  takes(syncMs: number): void {
    // Put in place as a whole: who reads it meanwhile finds the old one or the new one.
    fs.writeFileSync(`${this.#syncUs}.new`, String(syncMs * 1_000));
    fs.renameSync(`${this.#syncUs}.new`, this.#syncUs);
  }

  /**
   * The power fails: call it when every process is gone.
   * @param survives whether a sector that was written and not synced is on the disk all the same
   * @returns how many sectors and names were lost
   */
  powerCut(survives: () => boolean): number {
    let lost = 0;
    const journals = fs.readdirSync(this.#journals).sort();
    // Data first: a name may be lost with all that is in it.
    for (const kind of ['.data', '.names']) {
      for (const name of journals.filter((each) => each.endsWith(kind))) {
        const journal = path.join(this.#journals, name);
        const content = fs.readFileSync(journal);
        const file = name.slice(0, -kind.length).replaceAll('%', '/');
        lost += kind === '.data' ? undoWrites(file, content, survives) : undoNames(content);
        fs.rmSync(journal);
      }
    }
    return lost;
  }
}

function undoWrites(file: string, journal: Buffer, survives: () => boolean): number {
  if (!fs.existsSync(file)) return 0;
  const records = parseRecords(journal);
  const fates = new Map<number, boolean>();
  let lastKept = -1;
  const settle = (sector: number, fate: boolean): boolean => {
    fates.set(sector, fate);
    if (fate) lastKept = Math.max(lastKept, sector);
    return fate;
  };
  const handle = fs.openSync(file, 'r+');
  for (const record of records.reverse()) {
    const { durable, offset, length } = record;
    const end = offset + length;
    for (let at = offset; at < end; at = nextSector(at)) {
      const sector = Math.floor(at / SECTOR_BYTES);
      const stays = settle(sector, durable || (fates.get(sector) ?? survives()));
      if (!stays) restore(handle, at, Math.min(end, nextSector(at)), record);
    }
    if (!durable) restoreSize(handle, record.size, (lastKept + 1) * SECTOR_BYTES);
  }
  fs.closeSync(handle);
  return [...fates.values()].filter((fate) => !fate).length;
}

function nextSector(at: number): number {
  return (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES;
}

/** Puts back what stood there; where the file ended before, there are zeros. */
function restore(handle: number, from: number, to: number, { offset, kept }: UndoRecord): void {
  const old = Buffer.alloc(to - from);
  kept.subarray(from - offset, to - offset).copy(old);
  fs.writeSync(handle, old, 0, old.length, from);
}

/** A size that was not synced goes back, but for the sectors that are on the disk all the same. */
function restoreSize(handle: number, before: number, keptEnd: number): void {
  const { size } = fs.fstatSync(handle);
  if (size < before || keptEnd <= before) fs.ftruncateSync(handle, before);
  else if (keptEnd < size) fs.ftruncateSync(handle, keptEnd);
}

function parseRecords(journal: Buffer): UndoRecord[] {
  const records: UndoRecord[] = [];
  for (let at = 0; at + RECORD_BYTES <= journal.length;) {
    const field = (i: number): number => Number(journal.readBigUInt64LE(at + 8 * i));
    const keptFrom = at + RECORD_BYTES;
    const end = keptFrom + field(4);
    if (end > journal.length) break; // Killed before the record was whole, so before the write.
    records.push({
      durable: field(0) === DURABLE,
      offset: field(1),
      length: field(2),
      size: field(3),
      kept: journal.subarray(keptFrom, end),
    });
    at = end;
  }
  return records;
}

function undoNames(journal: Buffer): number {
  const lines = journal.toString().split('\n').slice(0, -1).reverse();
  for (const line of lines) {
    const [what, first = '', second = ''] = line.split('\t');
    if (what === 'renamed') {
      if (fs.existsSync(second)) fs.renameSync(second, first);
    } else fs.rmSync(first, { recursive: true, force: true });
  }
  return lines.length;
}
