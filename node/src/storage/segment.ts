import {
  BLOCK_BYTES,
  isUnwritten,
  readBlock,
  toBlocks,
  payloadOf,
  type BlockHeader,
} from './block.ts';
import { DamageError } from './damage.ts';
import { ForeignDataError, FormatError } from './format-error.ts';

export const LOG_FORMAT = 1;
const MAGIC = 'SYNODLOG';
/** Of the header block alone, so that a foreign file can be told from a damaged one. */
const HEADER_SEED = 0;

export interface SegmentHeader {
  readonly number: number;
  /** The sequence of its first block after the header. */
  readonly firstSequence: number;
  readonly clusterId: string;
  readonly memberId: string;
}

/** One batch of a segment: its payload, and where it begins. */
export interface Batch {
  readonly block: number;
  readonly payload: Buffer;
}

/** What a scan of one segment found. */
export interface Scan {
  readonly batches: readonly Batch[];
  /** The block after the last complete batch. */
  readonly endBlock: number;
  /** Blocks of a batch that was not written whole: from `endBlock` to here. */
  readonly tornTo: number;
}

export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.log`;
}

/** The block that begins a segment file. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const json = JSON.stringify({ magic: MAGIC, format: LOG_FORMAT, ...header });
  return toBlocks(Buffer.from(json), 0, HEADER_SEED);
}

/**
 * Reads the block that begins a segment file.
 * @returns `undefined` when it was never written
 * @throws DamageError, FormatError, ForeignDataError
 */
export function readSegmentHeader(
  file: string,
  data: Buffer,
  expected: { readonly clusterId: string; readonly memberId: string; readonly number: number },
): SegmentHeader | undefined {
  if (data.length < BLOCK_BYTES || isUnwritten(data, 0, BLOCK_BYTES)) return undefined;
  const block = readBlock(data, 0, HEADER_SEED);
  if (block === undefined) throw new DamageError(file, 'block 0', 'its checksum does not match');
  const header = parseHeader(payloadOf(data, 0, block.used).toString());
  if (header === undefined) throw new DamageError(file, 'block 0', 'it is no header of a segment');
  if (header.format > LOG_FORMAT) throw new FormatError(file, header.format, LOG_FORMAT);
  for (const what of ['cluster', 'member'] as const) {
    const found = header[`${what}Id`];
    const wanted = expected[`${what}Id`];
    if (found !== wanted) throw new ForeignDataError(file, what, found, wanted);
  }
  if (header.number !== expected.number) {
    throw new DamageError(file, 'block 0', `it is segment ${header.number}`);
  }
  return header;
}

function parseHeader(json: string): (SegmentHeader & { format: number }) | undefined {
  try {
    const header = JSON.parse(json) as Record<string, unknown>;
    const { magic, format, number, firstSequence, clusterId, memberId } = header;
    if (magic !== MAGIC || typeof format !== 'number' || typeof number !== 'number') {
      return undefined;
    }
    if (typeof firstSequence !== 'number' || typeof clusterId !== 'string') return undefined;
    if (typeof memberId !== 'string') return undefined;
    return { format, number, firstSequence, clusterId, memberId };
  } catch {
    return undefined;
  }
}

/**
 * Scans the blocks of a segment. Unwritten blocks anywhere in the last batch of the log are a torn
 * tail; a hole before it, or a complete block that fails its checksum, is damage.
 * @param isLast whether it is the last segment: only there a batch may be torn
 * @throws DamageError
 */
export function scanSegment(
  file: string,
  data: Buffer,
  firstSequence: number,
  seed: number,
  isLast: boolean,
): Scan {
  const blocks = Math.floor(data.length / BLOCK_BYTES);
  const batches: Batch[] = [];
  let begin = 1;
  let bytes = 0;
  let block = 1;
  for (; block < blocks; block++) {
    const at = block * BLOCK_BYTES;
    if (isUnwritten(data, at, at + BLOCK_BYTES)) break;
    const header = checkBlock(file, data, block, firstSequence, seed);
    if (header.index !== block - begin) throw misplaced(file, block);
    bytes += header.used;
    if (!header.last) continue;
    batches.push({ block: begin, payload: payloadOf(data, begin * BLOCK_BYTES, bytes) });
    begin = block + 1;
    bytes = 0;
  }
  const tornTo = scanTail(file, data, { begin, from: block, firstSequence, seed });
  if (!isLast && tornTo > begin) {
    throw new DamageError(file, `block ${begin}`, 'its batch is incomplete, and others follow it');
  }
  return { batches, endBlock: begin, tornTo };
}

/** What stands after the first unwritten block may only be more of the batch that it is in. */
function scanTail(
  file: string,
  data: Buffer,
  tail: { begin: number; from: number; firstSequence: number; seed: number },
): number {
  const { begin, from, firstSequence, seed } = tail;
  let tornTo = from;
  const blocks = Math.floor(data.length / BLOCK_BYTES);
  const stride = 64;
  for (let block = from; block < blocks; block++) {
    const at = block * BLOCK_BYTES;
    const far = Math.min(blocks, block + stride);
    if (isUnwritten(data, at, far * BLOCK_BYTES)) {
      block = far - 1;
      continue;
    }
    if (isUnwritten(data, at, at + BLOCK_BYTES)) continue;
    const header = checkBlock(file, data, block, firstSequence, seed);
    if (block - header.index !== begin) {
      throw new DamageError(file, `block ${from}`, 'it is missing, and later batches follow it');
    }
    tornTo = block + 1;
  }
  return tornTo;
}

function checkBlock(
  file: string,
  data: Buffer,
  block: number,
  firstSequence: number,
  seed: number,
): BlockHeader {
  const header = readBlock(data, block * BLOCK_BYTES, seed);
  if (header === undefined) {
    throw new DamageError(file, `block ${block}`, 'its checksum does not match');
  }
  if (header.sequence !== firstSequence + block - 1) throw misplaced(file, block);
  return header;
}

function misplaced(file: string, block: number): DamageError {
  return new DamageError(file, `block ${block}`, 'it belongs somewhere else');
}
