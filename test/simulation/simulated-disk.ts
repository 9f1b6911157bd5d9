import type { FirstConfiguration } from '../../contract/src/first-configuration.ts';
import { BLOCK_BYTES } from '../../node/src/storage/block.ts';
import { MemoryDisk } from '../../node/src/storage/memory-folder.ts';
import { MemoryStateDisk } from '../../node/src/storage/memory-file.ts';
import { SUPERBLOCK } from '../../node/src/storage/superblock.ts';

/** In [0, 1): which of several things a fault does, or hits. */
type Luck = number;

const FACTS = '\0meta';
const SESSIONS = { from: 'sessions\0', to: 'sessions\x01' };

/** A member's disk: the files of its log, and its state. What can go wrong with them is here. */
export class SimulatedDisk {
  readonly log: MemoryDisk;
  state: MemoryStateDisk;
  /** What its member was told, for ever. */
  first: FirstConfiguration | undefined;
  /** A process has had it. */
  isFormatted = false;

  constructor(log = new MemoryDisk(), state = new MemoryStateDisk()) {
    this.log = log;
    this.state = state;
  }

  /** As it is now. */
  copy(): SimulatedDisk {
    const log = new MemoryDisk();
    for (const [name, file] of this.log.files) log.files.set(name, Buffer.from(file));
    const copy = new SimulatedDisk(log, this.#stateCopy());
    copy.first = this.first;
    copy.isFormatted = this.isFormatted;
    return copy;
  }

  #stateCopy(): MemoryStateDisk {
    const state = new MemoryStateDisk();
    state.entries = this.state.entries.copy();
    state.staged = this.state.staged?.copy();
    return state;
  }

  /** The whole disk is put back from an older copy of itself. */
  rollBack(to: SimulatedDisk): void {
    this.log.files.clear();
    for (const [name, file] of to.log.files) this.log.files.set(name, Buffer.from(file));
    this.state = to.copy().state;
    this.first = to.first;
  }

  /** The file of the state is put back from an older copy. @returns whether that is another one */
  rollBackState(to: SimulatedDisk): boolean {
    const [old, now] = [to.state.entries.get(FACTS), this.state.entries.get(FACTS)];
    this.state = to.copy().state;
    return now !== undefined && !Buffer.from(now).equals(old ?? Buffer.alloc(0));
  }

  #segments(): string[] {
    return [...this.log.files.keys()].filter((name) => name !== SUPERBLOCK).sort();
  }

  /**
   * How many blocks, from the first one on that `after` has not, there are at the log's end: so
   * much shorter that one may seem to be.
   */
  blocksMissingIn(after: SimulatedDisk): number {
    let missing = 0;
    for (const name of this.#segments()) {
      const file = this.log.file(name);
      const found = after.log.files.get(name) ?? Buffer.alloc(0);
      const blocks = Math.ceil(written(file) / BLOCK_BYTES);
      // The first one is the header.
      for (let block = 1; block < blocks; block++) {
        const [from, to] = [block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES];
        const isThere = file.subarray(from, to).equals(found.subarray(from, to));
        if (missing > 0 || !isThere) missing += 1;
      }
    }
    return missing;
  }

  /** Flips one bit that was written to the log. */
  flipBit(luck: Luck): void {
    const files = [...this.log.files];
    const bits = files.reduce((sum, [, file]) => sum + written(file) * 8, 0);
    let bit = Math.floor(luck * bits);
    for (const [name, file] of files) {
      const size = written(file) * 8;
      if (bit < size) return this.log.flip(name, bit);
      bit -= size;
    }
  }

  /** Writes that the disk said were done, and were not: up to eight blocks at the log's end. */
  loseTail(luck: Luck): void {
    const name = this.#segments().at(-1);
    if (name === undefined) return;
    const file = this.log.file(name);
    const end = Math.ceil(written(file) / BLOCK_BYTES);
    const blocks = Math.min(end - 1, 1 + Math.floor(luck * 8));
    file.fill(0, (end - blocks) * BLOCK_BYTES, end * BLOCK_BYTES);
  }

  /** A write went to another place: one block of the log stands where another one did. */
  misdirect(luck: Luck): void {
    const name = this.#segments().at(-1);
    if (name === undefined) return;
    const file = this.log.file(name);
    const end = Math.ceil(written(file) / BLOCK_BYTES);
    if (end < 3) return;
    const to = 1 + Math.floor(luck * (end - 2));
    file.copy(file, to * BLOCK_BYTES, (end - 1) * BLOCK_BYTES, end * BLOCK_BYTES);
    file.fill(0, (end - 1) * BLOCK_BYTES, end * BLOCK_BYTES);
  }

  /** A file of the log is missing, empty or shorter than it was. */
  loseFile(luck: Luck): void {
    const names = [...this.log.files.keys()].sort();
    const which = luck * names.length;
    const name = names[Math.floor(which)];
    if (name === undefined) return;
    const file = this.log.file(name);
    const how = (which % 1) * 3;
    const left = how < 2 ? 0 : Math.floor((how - 2) * file.length);
    if (how < 1) this.log.files.delete(name);
    else this.log.files.set(name, file.subarray(0, left));
  }

  /** All of it is missing. */
  wipe(): void {
    this.log.files.clear();
    this.state = new MemoryStateDisk();
    this.first = undefined;
  }

  /** The state has no facts any more. @returns whether it had */
  loseFacts(): boolean {
    const had = this.state.entries.get(FACTS) !== undefined;
    this.state.entries.put([[FACTS, undefined]]);
    return had;
  }

  /** A session is gone from the state, or as it was in an older copy. @returns whether it is so */
  loseSession(luck: Luck, older: SimulatedDisk | undefined): boolean {
    const sessions = [...this.state.entries.range(SESSIONS)];
    const [key, stored] = sessions[Math.floor(luck * sessions.length)] ?? [];
    if (key === undefined || stored === undefined) return false;
    const old = older?.state.entries.get(key);
    const isStale = old !== undefined && !Buffer.from(old).equals(stored);
    this.state.entries.put([[key, isStale ? old : undefined]]);
    return true;
  }
}

/** The bytes of a file up to the last that is not zero. */
function written(file: Buffer): number {
  let end = file.length;
  while (end > 0 && file[end - 1] === 0) end -= 1;
  return end;
}
