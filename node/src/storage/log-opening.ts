import { BLOCK_BYTES, seedOf } from './block.ts';
import { DamageError } from './damage.ts';
import type { LogFolder } from './log-folder.ts';
import type { OpenedLog } from './log.ts';
import { Recovery } from './recovery.ts';
import { SegmentFile } from './segment-file.ts';
import { SegmentLog, type SegmentLogOptions, type Tail } from './segment-log.ts';
import { isUnborn, readSegmentHeader, scanSegment, segmentName, type Scan } from './segment.ts';
import { Segments } from './segments.ts';

/**
 * Opens the log: reads and checks all of it, and erases a torn tail.
 * @throws DamageError, FormatError, ForeignDataError — then nothing was changed
 */
export function openSegmentLog(options: SegmentLogOptions): OpenedLog {
  const { folder, memberId, slotOut } = options;
  const numbers = segmentNumbers(folder);
  const seed = seedOf(memberId);
  const segments = new Segments();
  let recovery: Recovery | undefined;
  let tail: Tail = { number: (numbers[0] ?? 1) - 1, size: 0, block: 0, sequence: 1 };
  let torn: { name: string; scan: Scan } | undefined;
  let unborn: string | undefined;

  for (const [i, number] of numbers.entries()) {
    const file = new SegmentFile(folder, segmentName(number));
    const { name } = file;
    const isLast = i === numbers.length - 1;
    const header = readSegmentHeader(file, { ...options, number });
    if (header === undefined) {
      if (!isLast || !isUnborn(file)) throw new DamageError(name, 'block 0', 'it is missing');
      unborn = name; // The process ended while it made the file: nothing was in it.
      break;
    }
    const { firstSequence, slotsBelow } = header;
    if (i > 0 && firstSequence !== tail.sequence) {
      throw new DamageError(name, 'block 0', 'the segment before it ends elsewhere');
    }
    const known = (recovery ??= new Recovery(slotOut, slotsBelow));
    const scan = scanSegment(file, { firstSequence, seed, isLast }, (block, payload) => {
      known.take(name, number, block, payload);
    });
    if (scan.tornTo > scan.endBlock) torn = { name, scan };
    const sequence = firstSequence + scan.endBlock - 1;
    tail = { number, size: file.size, block: scan.endBlock, sequence };
    segments.add({ number, bytes: file.size, slotsBelow });
  }
  recovery ??= new Recovery(slotOut, 0);
  const [oldest = 1] = numbers;
  if (oldest !== 1 && segments.first > recovery.floor) {
    throw new DamageError(segmentName(oldest - 1), 'the file', 'it is missing');
  }

  // All is well: only now anything is written.
  if (unborn !== undefined) folder.remove(unborn);
  if (torn !== undefined) {
    const { endBlock, tornTo } = torn.scan;
    folder.erase(torn.name, endBlock * BLOCK_BYTES, tornTo * BLOCK_BYTES);
  }
  const log = new SegmentLog(options, tail, segments, recovery);
  return { log, recovered: recovery.result() };
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
