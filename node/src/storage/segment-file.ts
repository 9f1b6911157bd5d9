import { BLOCK_BYTES } from './block.ts';
import type { LogFolder } from './log-folder.ts';

const STRETCH_BYTES = 1024 * 1024;

/** A segment file while it is scanned: block after block, read a stretch at a time. */
export class SegmentFile {
  readonly name: string;
  readonly size: number;
  /** Whole blocks in it. */
  readonly blocks: number;
  /** The blocks around the one that was asked for last. */
  readonly stretch: Buffer;
  readonly #folder: LogFolder;
  #first = 0;
  #end = 0;

  constructor(folder: LogFolder, name: string) {
    this.name = name;
    this.size = folder.size(name);
    this.blocks = Math.floor(this.size / BLOCK_BYTES);
    this.stretch = Buffer.allocUnsafe(Math.min(this.blocks * BLOCK_BYTES, STRETCH_BYTES));
    this.#folder = folder;
  }

  /** @returns where in `stretch` the block begins, until the next call */
  at(block: number): number {
    if (block < this.#first || block >= this.#end) {
      const read = this.#folder.readNow(this.name, block * BLOCK_BYTES, this.stretch);
      this.#first = block;
      this.#end = block + Math.floor(read / BLOCK_BYTES);
      if (block >= this.#end) throw new Error(`${this.name} became shorter while it was read`);
    }
    return (block - this.#first) * BLOCK_BYTES;
  }
}
