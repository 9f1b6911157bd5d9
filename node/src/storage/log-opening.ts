import type { Incarnation } from '../paxos/log-end.ts';
import { BLOCK_BYTES, seedOf } from './block.ts';
import { DamageError } from './damage.ts';
import type { LogFolder } from './log-folder.ts';
import type { OpenedLog } from './log.ts';
import { Recovery } from './recovery.ts';
import { SegmentFile } from './segment-file.ts';
import { SegmentLog, type SegmentLogOptions, type Tail } from './segment-log.ts';
import { isUnborn, readSegmentHeader, scanSegment, segmentName, type Scan } from './segment.ts';
import { Segments } from './segments.ts';
import { STATE_FILE } from './state-files.ts';
import { SUPERBLOCK, Superblock } from './superblock.ts';

const RANDOM_LIMIT = 2 ** 32;

/** What the segments hold. Nothing was changed yet. */
interface Read {
  readonly segments: Segments;
  readonly recovery: Recovery;
  readonly tail: Tail;
  readonly torn: { readonly name: string; readonly scan: Scan } | undefined;
  /** A file that was being made when the process ended: nothing was in it. */
  readonly unborn: string | undefined;
}

/**
 * Opens the log: reads and checks all of it, holds its end against what superblock and state say of
 * it, erases a torn tail, and begins another incarnation.
 * @throws DamageError (of the state, when that is older than the log says), FormatError,
 *   ForeignDataError — then nothing was changed
 */
export function openSegmentLog(options: SegmentLogOptions): OpenedLog {
  const { folder, memberId, state, isOld = false } = options;
  const superblock = Superblock.read(folder, memberId);
  // The state was written by a version that makes one.
  if (superblock === undefined && (!isOld || state.logEnd > 0)) {
    throw new DamageError(SUPERBLOCK, 'the file', 'it is missing');
  }
  const read = readSegments(options);
  checkEnd(read, superblock, state);
  checkState(read.recovery, state);

  // All is well: only now anything is written.
  const { segments, recovery, tail, torn, unborn } = read;
  if (unborn !== undefined) folder.remove(unborn);
  if (torn !== undefined) {
    const { endBlock, tornTo } = torn.scan;
    folder.erase(torn.name, endBlock * BLOCK_BYTES, tornTo * BLOCK_BYTES);
  }
  const incarnation = nextIncarnation(superblock, options.random ?? Math.random);
  const change = { incarnation, lastSegment: tail.number, end: tail.sequence };
  const own = superblock ?? Superblock.make(folder, { memberId, ...change });
  if (superblock !== undefined) own.writeNow(change);
  const log = new SegmentLog(options, { superblock: own, tail, segments, recovery });
  return { log, incarnation, recovered: recovery.result() };
}

function nextIncarnation(before: Superblock | undefined, random: () => number): Incarnation {
  const { count } = before?.record.incarnation ?? { count: 0 };
  return { count: count + 1, random: Math.floor(random() * RANDOM_LIMIT) };
}

function readSegments(options: SegmentLogOptions): Read {
  const { folder, memberId, state } = options;
  const numbers = segmentNumbers(folder);
  const seed = seedOf(memberId);
  const segments = new Segments();
  let recovery: Recovery | undefined;
  let tail: Tail = { number: (numbers[0] ?? 1) - 1, size: 0, block: 0, sequence: 1 };
  let torn: Read['torn'];
  let unborn: string | undefined;

  for (const [i, number] of numbers.entries()) {
    const file = new SegmentFile(folder, segmentName(number));
    const { name } = file;
    const isLast = i === numbers.length - 1;
    const header = readSegmentHeader(file, { ...options, number });
    if (header === undefined) {
      if (!isLast || !isUnborn(file)) throw new DamageError(name, 'block 0', 'it is missing');
      unborn = name;
      break;
    }
    const { firstSequence, slotsBelow } = header;
    if (i > 0 && firstSequence !== tail.sequence) {
      throw new DamageError(name, 'block 0', 'the segment before it ends elsewhere');
    }
    const known = (recovery ??= new Recovery(state, slotsBelow));
    const scan = scanSegment(file, { firstSequence, seed, isLast }, (block, payload) => {
      known.take(name, number, block, payload);
    });
    if (scan.tornTo > scan.endBlock) torn = { name, scan };
    const sequence = firstSequence + scan.endBlock - 1;
    tail = { number, size: file.size, block: scan.endBlock, sequence };
    segments.add({ number, bytes: file.size, slotsBelow });
  }
  recovery ??= new Recovery(state, 0);
  const [oldest = 1] = numbers;
  if (oldest !== 1 && segments.first > recovery.floor) {
    throw new DamageError(segmentName(oldest - 1), 'the file', 'it is missing');
  }
  return { segments, recovery, tail, torn, unborn };
}

/** @throws DamageError when a file between two others is missing */
function segmentNumbers(folder: LogFolder): number[] {
  const names = folder.list().filter((name) => /^\d{8}\.log$/.test(name));
  const numbers = names.map((name) => Number.parseInt(name, 10)).sort((a, b) => a - b);
  for (const [i, number] of numbers.entries()) {
    const expected = (numbers[0] ?? 0) + i;
    if (number !== expected) {
      throw new DamageError(segmentName(expected), 'the file', 'it is missing');
    }
  }
  return numbers;
}

/** Whatever is cut off at the end of the log, others say that it was there. */
function checkEnd(
  { tail, recovery, unborn }: Read,
  superblock: Superblock | undefined,
  { slotOut, origin, logEnd }: SegmentLogOptions['state'],
): void {
  const { lastSegment = 0, end = 0 } = superblock?.record ?? {};
  if (tail.number < lastSegment) {
    const name = segmentName(tail.number + 1);
    throw new DamageError(name, 'the file', name === unborn ? 'it is empty' : 'it is missing');
  }
  const [witness, sequence] = end >= logEnd ? [SUPERBLOCK, end] : [STATE_FILE, logEnd];
  const name = segmentName(tail.number);
  if (tail.sequence < sequence) {
    const missing = `${sequence - tail.sequence} blocks are missing there, by ${witness}`;
    throw new DamageError(name, `block ${tail.block}, the end of the log`, missing);
  }
  if (origin === 'own' && slotOut > recovery.decidedMark) {
    const missing = `${STATE_FILE} has slot ${slotOut - 1}, and the log no mark of it`;
    throw new DamageError(name, `block ${tail.block}, the end of the log`, missing);
  }
}

function checkState({ flushed }: Recovery, { slotOut, origin }: SegmentLogOptions['state']): void {
  if (slotOut >= flushed || (origin === 'anew' && slotOut === 0)) return;
  const why = `it has the slots below ${slotOut}, and the log says that those below ${flushed}`;
  throw new DamageError(STATE_FILE, 'the facts', `${why} were written: it is older`);
}
