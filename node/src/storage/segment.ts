import {
  BLOCK_BYTES,
  isUnwritten,
  readBlock,
  toBlocks,
  payloadOf,
  Payload,
  type BlockHeader,
} from './block.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { DamageError } from './damage.ts';
import { ForeignDataError, FormatError } from './format-error.ts';
import type { SegmentFile } from './segment-file.ts';

export const LOG_FORMAT = 3;
const MAGIC = 'SYNODLOG';
/** Of the header block alone, so that a foreign file can be told from a damaged one. */
const HEADER_SEED = 0;

export interface SegmentHeader {
  readonly number: number;
  /** The sequence of its first block after the header. */
  readonly firstSequence: number;
  /** The segments before it have records of slots below it only. */
  readonly slotsBelow: Slot;
  /** The size of the file; formats before 3 did not say it. */
  readonly bytes: number;
  readonly clusterId: string;
  readonly memberId: string;
}

/**
 * A batch that is larger than a segment gets one of its own, and what may wait to be written has a
 * bound far below this. To look through more would take its time, and find nothing.
 */
const LARGEST_BYTES = 1024 ** 3;

/** What a scan of one segment found. */
export interface Scan {
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
  const payload = Buffer.from(json);
  const block = Buffer.alloc(BLOCK_BYTES);
  toBlocks(payload, 0, HEADER_SEED, block);
  return block;
}

/**
 * Reads the block that begins a segment file.
 * @returns `undefined` when it was never written
 * @throws DamageError, FormatError, ForeignDataError
 */
export function readSegmentHeader(
  file: SegmentFile,
  expected: { readonly clusterId: string; readonly memberId: string; readonly number: number },
): SegmentHeader | undefined {
  const { name } = file;
  if (file.size > LARGEST_BYTES) {
    const reason = `it has ${file.size} bytes, and no segment has more than ${LARGEST_BYTES}`;
    throw new DamageError(name, 'its end', reason);
  }
  if (file.blocks === 0 || isUnwritten(file.stretch, file.at(0))) return undefined;
  const at = file.at(0);
  const block = readBlock(file.stretch, at, HEADER_SEED);
  if (block === undefined) throw new DamageError(name, 'block 0', 'its checksum does not match');
  const header = parseHeader(payloadOf(file.stretch, at, block.used).toString());
  if (header === undefined) throw new DamageError(name, 'block 0', 'it is no header of a segment');
  if (header.format > LOG_FORMAT) throw new FormatError(name, header.format, LOG_FORMAT);
  for (const what of ['cluster', 'member'] as const) {
    const found = header[`${what}Id`];
    const wanted = expected[`${what}Id`];
    if (found !== wanted) throw new ForeignDataError(name, what, found, wanted);
  }
  if (header.number !== expected.number) {
    throw new DamageError(name, 'block 0', `it is segment ${header.number}`);
  }
  // An older format does not say how large it is.
  if (header.bytes > 0 && file.size !== header.bytes) {
    throw new DamageError(name, 'its end', `it has ${file.size} of its ${header.bytes} bytes`);
  }
  return header;
}

/** Whether nothing was ever written into the file. */
export function isUnborn(file: SegmentFile): boolean {
  for (let block = 0; block < file.blocks; block++) {
    const at = file.at(block);
    if (!isUnwritten(file.stretch, at)) return false;
  }
  return true;
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
    // Format 1 had no floor: its first segment is always there.
    const { slotsBelow = 0, bytes = 0 } = header;
    if (typeof slotsBelow !== 'number' || typeof bytes !== 'number') return undefined;
    return { format, number, firstSequence, slotsBelow, bytes, clusterId, memberId };
  } catch {
    return undefined;
  }
}

/** What a scan has to know of the segment. */
export interface ScanOptions {
  /** The sequence of its first block after the header. */
  readonly firstSequence: number;
  readonly seed: number;
  /** Whether it is the last segment: only there a batch may be torn. */
  readonly isLast: boolean;
}

/**
 * Scans the blocks of a segment. Unwritten blocks anywhere in the last batch of the log are a torn
 * tail; a hole before it, or a complete block that fails its checksum, is damage.
 * @param take told each whole batch: where it begins, and its payload, until it returns
 * @throws DamageError
 */
export function scanSegment(
  file: SegmentFile,
  options: ScanOptions,
  take: (block: number, payload: Buffer) => void,
): Scan {
  const { stretch, name, blocks } = file;
  const batch = new Payload();
  let begin = 1;
  let block = 1;
  for (; block < blocks; block++) {
    const at = file.at(block);
    if (isUnwritten(stretch, at)) break;
    const header = checkBlock(file, block, options);
    if (header.index !== block - begin) throw misplaced(name, block);
    batch.add(stretch, at, header.used);
    if (!header.last) continue;
    take(begin, batch.bytes);
    batch.clear();
    begin = block + 1;
  }
  const tornTo = scanTail(file, begin, block, options);
  if (!options.isLast && tornTo > begin) {
    throw new DamageError(name, `block ${begin}`, 'its batch is incomplete, and others follow it');
  }
  return { endBlock: begin, tornTo };
}

/** What stands after the first unwritten block may only be more of the batch that it is in. */
function scanTail(file: SegmentFile, begin: number, from: number, options: ScanOptions): number {
  let tornTo = from;
  for (let block = from; block < file.blocks; block++) {
    const at = file.at(block);
    if (isUnwritten(file.stretch, at)) continue;
    const header = checkBlock(file, block, options);
    if (block - header.index !== begin) {
      const why = 'it is missing, and later batches follow it';
      throw new DamageError(file.name, `block ${from}`, why);
    }
    tornTo = block + 1;
  }
  return tornTo;
}

function checkBlock(
  file: SegmentFile,
  block: number,
  { firstSequence, seed }: ScanOptions,
): BlockHeader {
  const header = readBlock(file.stretch, file.at(block), seed);
  if (header === undefined) {
    throw new DamageError(file.name, `block ${block}`, 'its checksum does not match');
  }
  if (header.sequence !== firstSequence + block - 1) throw misplaced(file.name, block);
  return header;
}

function misplaced(file: string, block: number): DamageError {
  return new DamageError(file, `block ${block}`, 'it belongs somewhere else');
}
