/** Bytes in memory, seen in the words that LMDB's numbers have. */
export class PageBuffer {
  readonly bytes: Buffer;
  readonly halves: Uint16Array;
  readonly words: Uint32Array;

  constructor(size: number) {
    const memory = new ArrayBuffer(size);
    this.bytes = Buffer.from(memory);
    this.halves = new Uint16Array(memory);
    this.words = new Uint32Array(memory);
  }

  /** @param at in bytes, as all places here; a multiple of two */
  half(at: number): number {
    return this.halves[at >> 1] ?? 0;
  }

  /** @param at a multiple of four */
  word(at: number): number {
    return this.words[at >> 2] ?? 0;
  }

  /** A number of eight bytes. @param at a multiple of four */
  whole(at: number): number {
    return this.word(at) + this.word(at + 4) * 2 ** 32;
  }

  /** The same, where it is at no such multiple. */
  wholeAnywhere(at: number): number {
    return this.bytes.readUInt32LE(at) + this.bytes.readUInt32LE(at + 4) * 2 ** 32;
  }

  signedAnywhere(at: number): number {
    return this.bytes.readUInt32LE(at) + this.bytes.readInt32LE(at + 4) * 2 ** 32;
  }
}
