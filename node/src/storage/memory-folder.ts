import { BLOCK_BYTES } from './block.ts';
import type { Done, LogFolder } from './log-folder.ts';

/** What survives the end of a process: file contents by name. */
export class MemoryDisk {
  readonly files = new Map<string, Buffer>();

  /** Flips one bit. */
  flip(name: string, bit: number): void {
    const file = this.file(name);
    const byte = Math.floor(bit / 8);
    file[byte] = (file[byte] ?? 0) ^ (1 << (bit % 8));
  }

  file(name: string): Buffer {
    const file = this.files.get(name);
    if (file === undefined) throw new Error(`${name} does not exist`);
    return file;
  }
}

interface PendingWrite {
  readonly file: Buffer;
  readonly position: number;
  readonly data: Buffer;
}

/**
 * A folder in memory. A write becomes durable when `schedule` runs what it was given; until then a
 * crash may lose or tear it.
 */
export class MemoryFolder implements LogFolder {
  readonly #disk: MemoryDisk;
  readonly #schedule: (run: () => void) => void;
  readonly #pending = new Set<PendingWrite>();
  /** As with open files: what another process removes is still there for this one, in vain. */
  readonly #open = new Map<string, Buffer>();
  /** Set it to make every further write fail with this error. */
  failure: Error | undefined;
  #closed = false;

  constructor(disk: MemoryDisk, schedule: (run: () => void) => void) {
    this.#disk = disk;
    this.#schedule = schedule;
  }

  /**
   * The process ends: of the blocks that are not durable only those stay that `keeps` names, in
   * the order in which they were written.
   */
  crash(keeps: (block: number) => boolean): void {
    let block = 0;
    for (const { file, position, data } of this.#pending) {
      for (let at = 0; at < data.length; at += BLOCK_BYTES) {
        const part = data.subarray(at, at + BLOCK_BYTES);
        if (keeps(block)) part.copy(file, position + at);
        block += 1;
      }
    }
    this.close();
  }

  #use(name: string): Buffer {
    const file = this.#open.get(name) ?? this.#disk.file(name);
    this.#open.set(name, file);
    return file;
  }

  list(): string[] {
    return [...this.#disk.files.keys()];
  }

  size(name: string): number {
    return this.#disk.file(name).length;
  }

  readNow(name: string, position: number, into: Buffer): number {
    return this.#disk.file(name).copy(into, 0, position);
  }

  erase(name: string, from: number, to: number): void {
    this.#disk.file(name).fill(0, from, to);
  }

  makeNow(name: string, data: Buffer): void {
    this.#open.delete(name);
    this.#disk.files.set(name, Buffer.from(data));
  }

  writeNow(name: string, position: number, data: Buffer): void {
    data.copy(this.#disk.file(name), position);
  }

  remove(name: string): void {
    this.#open.delete(name);
    this.#disk.files.delete(name);
  }

  removeLater(name: string, done: Done): void {
    this.#open.delete(name);
    this.#schedule(() => {
      if (this.#closed) return;
      if (this.failure !== undefined) return done(this.failure);
      this.#disk.files.delete(name);
      done();
    });
  }

  create(name: string, size: number, head: Buffer, done: Done): void {
    this.#open.delete(name);
    this.#disk.files.set(name, Buffer.alloc(size));
    this.write(name, 0, head, done);
  }

  write(name: string, position: number, data: Buffer, done: Done): void {
    const write = { file: this.#use(name), position, data };
    this.#pending.add(write);
    this.#schedule(() => {
      if (this.#closed) return;
      this.#pending.delete(write);
      if (this.failure !== undefined) return done(this.failure);
      data.copy(write.file, position);
      done();
    });
  }

  readAt(
    name: string,
    position: number,
    bytes: number,
    done: (error: Error | undefined, data: Buffer) => void,
  ): void {
    const file = this.#use(name);
    this.#schedule(() => {
      if (!this.#closed) done(undefined, Buffer.from(file.subarray(position, position + bytes)));
    });
  }

  close(): void {
    this.#closed = true;
    this.#pending.clear();
  }
}
