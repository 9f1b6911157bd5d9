import { crc32 } from 'node:zlib';

/**
 * A block is what a disk writes whole or not at all. A batch is a run of blocks; all but its last
 * are full.
 *
 * Layout, little endian: crc32 u32 | index in its batch u32, top bit: last of it | sequence u48 |
 * bytes used u16 | payload. The sequence grows by one a block over all segments. The checksum is
 * seeded with the member's id: a block of another member fails it.
 */
export const BLOCK_BYTES = 512;
const HEADER_BYTES = 16;
export const PAYLOAD_BYTES = BLOCK_BYTES - HEADER_BYTES;
const LAST = 0x8000_0000;
const ZEROS = Buffer.alloc(BLOCK_BYTES);

export interface BlockHeader {
  readonly index: number;
  readonly last: boolean;
  readonly sequence: number;
  readonly used: number;
}

/** The seed of a member's checksums. */
export function seedOf(memberId: string): number {
  return crc32(Buffer.from(memberId, 'utf8'));
}

/** How many blocks a batch with this many bytes takes. */
export function blocksOf(payloadBytes: number): number {
  return Math.max(1, Math.ceil(payloadBytes / PAYLOAD_BYTES));
}

/**
 * Cuts a batch into blocks, numbered from `sequence` on.
 * @param blocks where they go: as long as all of them
 */
export function toBlocks(payload: Buffer, sequence: number, seed: number, blocks: Buffer): void {
  const count = blocksOf(payload.length);
  for (let index = 0; index < count; index++) {
    const at = index * BLOCK_BYTES;
    const from = index * PAYLOAD_BYTES;
    const used = Math.min(PAYLOAD_BYTES, payload.length - from);
    if (used < PAYLOAD_BYTES) blocks.fill(0, at + HEADER_BYTES + used, at + BLOCK_BYTES);
    blocks.writeUInt32LE((index | (index === count - 1 ? LAST : 0)) >>> 0, at + 4);
    blocks.writeUIntLE(sequence + index, at + 8, 6);
    blocks.writeUInt16LE(used, at + 14);
    payload.copy(blocks, at + HEADER_BYTES, from, from + used);
    blocks.writeUInt32LE(crc32(blocks.subarray(at + 4, at + BLOCK_BYTES), seed), at);
  }
}

/** @returns `undefined` when the block is complete but fails its checksum */
export function readBlock(segment: Buffer, at: number, seed: number): BlockHeader | undefined {
  const checksum = crc32(segment.subarray(at + 4, at + BLOCK_BYTES), seed);
  if (segment.readUInt32LE(at) !== checksum) return undefined;
  const index = segment.readUInt32LE(at + 4);
  const used = segment.readUInt16LE(at + 14);
  if (used > PAYLOAD_BYTES) return undefined;
  const last = (index & LAST) !== 0;
  const sequence = segment.readUIntLE(at + 8, 6);
  return { index: (index & ~LAST) >>> 0, last, sequence, used };
}

/** The first of a run of blocks that is not as it was written behind the one before it. */
export function changedBlock(blocks: Buffer, seed: number): number | undefined {
  let expected: number | undefined;
  for (let at = 0; at < blocks.length; at += BLOCK_BYTES) {
    const sequence = readBlock(blocks, at, seed)?.sequence;
    if (sequence === undefined || sequence !== (expected ?? sequence)) return at / BLOCK_BYTES;
    expected = sequence + 1;
  }
  return undefined;
}

/** Whether nothing was ever written into the block. */
export function isUnwritten(segment: Buffer, at: number): boolean {
  if (segment.readUInt32LE(at) !== 0) return false; // Its checksum: nearly always enough.
  return segment.compare(ZEROS, 0, BLOCK_BYTES, at, at + BLOCK_BYTES) === 0;
}

/** Copies the payload of the blocks from `at` on, `bytes` of it, skipping their headers. */
export function payloadOf(segment: Buffer, at: number, bytes: number): Buffer {
  const payload = Buffer.allocUnsafe(bytes);
  for (let done = 0, block = at; done < bytes; block += BLOCK_BYTES) {
    const take = Math.min(PAYLOAD_BYTES, bytes - done);
    segment.copy(payload, done, block + HEADER_BYTES, block + HEADER_BYTES + take);
    done += take;
  }
  return payload;
}

/** The payload of a batch while its blocks are read one by one. Its memory is used again. */
export class Payload {
  #buffer = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  add(segment: Buffer, at: number, used: number): void {
    if (this.#length + used > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(this.#buffer.length * 2);
      this.#buffer.copy(larger);
      this.#buffer = larger;
    }
    const from = at + HEADER_BYTES;
    segment.copy(this.#buffer, this.#length, from, from + used);
    this.#length += used;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }
}
