import { compareBallots, type Ballot } from '../paxos/ballot.ts';
import type { LogRecord, StoredPvalue } from '../paxos/effects.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { BLOCK_BYTES, PAYLOAD_BYTES, blocksOf, payloadOf, seedOf, toBlocks } from './block.ts';
import { DamageError } from './damage.ts';
import type { LogFolder } from './log-folder.ts';
import type { Log, OpenedLog } from './log.ts';
import { readHeader, readValue, recordBytes, writeRecord, type RecordHeader } from './record.ts';
import {
  encodeSegmentHeader,
  isUnborn,
  readSegmentHeader,
  scanSegment,
  segmentName,
  type Scan,
} from './segment.ts';
import { Scratch } from './scratch.ts';
import { SegmentFile } from './segment-file.ts';
import { SlotIndex, type Position } from './slot-index.ts';

export interface SegmentLogOptions {
  readonly folder: LogFolder;
  readonly clusterId: string;
  readonly memberId: string;
  /** Of the state: values below it stay on disk. */
  readonly slotOut: Slot;
  /** The size of a segment file; a larger batch gets a larger one. */
  readonly segmentBytes?: number;
}

const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;

/** Where the next batch goes. */
interface Tail {
  readonly number: number;
  readonly size: number;
  /** The block of the segment at which the next batch begins. */
  readonly block: number;
  /** The sequence of that block. */
  readonly sequence: number;
}

/**
 * Opens the log: reads and checks all of it, and erases a torn tail.
 * @throws DamageError, FormatError, ForeignDataError — then nothing was changed
 */
export function openSegmentLog(options: SegmentLogOptions): OpenedLog {
  const { folder, memberId, slotOut } = options;
  const recovery = new Recovery(slotOut);
  const numbers = segmentNumbers(folder);
  const seed = seedOf(memberId);
  let tail: Tail = { number: (numbers[0] ?? 1) - 1, size: 0, block: 0, sequence: 1 };
  let torn: { name: string; scan: Scan } | undefined;
  let unborn: string | undefined;
  let bytes = 0;

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
    if (i > 0 && header.firstSequence !== tail.sequence) {
      throw new DamageError(name, 'block 0', 'the segment before it ends elsewhere');
    }
    const { firstSequence } = header;
    const scan = scanSegment(file, { firstSequence, seed, isLast }, (block, payload) => {
      recovery.take(name, number, block, payload);
    });
    if (scan.tornTo > scan.endBlock) torn = { name, scan };
    const sequence = firstSequence + scan.endBlock - 1;
    tail = { number, size: file.size, block: scan.endBlock, sequence };
    bytes += file.size;
  }

  // All is well: only now anything is written.
  if (unborn !== undefined) folder.remove(unborn);
  if (torn !== undefined) {
    const { endBlock, tornTo } = torn.scan;
    folder.erase(torn.name, endBlock * BLOCK_BYTES, tornTo * BLOCK_BYTES);
  }
  const log = new SegmentLog(options, tail, recovery.index, bytes, seed);
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
  if ((numbers[0] ?? 1) !== 1) throw new DamageError(segmentName(1), 'the file', 'it is missing');
  return numbers;
}

/** Collects what the records say. */
class Recovery {
  readonly index = new SlotIndex();
  readonly #slotOut: Slot;
  readonly #stored = new Map<Slot, StoredPvalue>();
  #ballot: Ballot | undefined;
  #leaderBallot: Ballot | undefined;
  #decidedMark: Slot = 0;

  constructor(slotOut: Slot) {
    this.#slotOut = slotOut;
  }

  take(file: string, segment: number, block: number, payload: Buffer): void {
    const begin = (block - 1) * PAYLOAD_BYTES;
    for (let at = 0; at < payload.length;) {
      const header = readHeader(payload, at);
      if (header === undefined) throw new DamageError(file, `block ${block}`, 'no whole record');
      const position = { segment, at: begin + at, bytes: header.length };
      this.#record(header, position, payload, at);
      at += header.length;
    }
  }

  #record(header: RecordHeader, position: Position, payload: Buffer, at: number): void {
    const { kind, slot, round, leader } = header;
    switch (kind) {
      case 'ballot':
        this.#raise({ round, leader });
        break;
      case 'leader-ballot':
        this.#leaderBallot = { round, leader };
        break;
      case 'decided-mark':
        this.#decidedMark = slot;
        break;
      case 'accepted':
        this.#raise({ round, leader });
        this.#store(header, position, payload, at);
        break;
      case 'learned':
        this.#store(header, position, payload, at);
        break;
      default:
        kind satisfies never;
    }
  }

  #raise(ballot: Ballot): void {
    if (compareBallots(ballot, this.#ballot) > 0) this.#ballot = ballot;
  }

  #store(header: RecordHeader, position: Position, payload: Buffer, at: number): void {
    const { slot } = header;
    this.index.set(slot, position);
    if (slot >= this.#slotOut) this.#stored.set(slot, storedPvalue(header, payload, at));
  }

  result(): OpenedLog['recovered'] {
    return {
      ...(this.#ballot && { ballot: this.#ballot }),
      ...(this.#leaderBallot && { leaderBallot: this.#leaderBallot }),
      decidedMark: this.#decidedMark,
      stored: [...this.#stored.values()],
    };
  }
}

function storedPvalue(header: RecordHeader, payload: Buffer, at: number): StoredPvalue {
  const { kind, slot, round, leader } = header;
  const value = readValue(payload, at, header);
  return { ballot: { round, leader }, slot, value, learned: kind === 'learned' };
}

/** The log as append-only segment files (design: "What is durable"). */
class SegmentLog implements Log {
  readonly #options: SegmentLogOptions;
  readonly #index: SlotIndex;
  readonly #seed: number;
  readonly #payload = new Scratch();
  readonly #blocks = new Scratch();
  #tail: Tail;
  #bytes: number;
  #inFlight: readonly LogRecord[] | undefined;
  #failed = false;
  #idle: (() => void) | undefined;

  constructor(
    options: SegmentLogOptions,
    tail: Tail,
    index: SlotIndex,
    bytes: number,
    seed: number,
  ) {
    this.#options = options;
    this.#tail = tail;
    this.#index = index;
    this.#bytes = bytes;
    this.#seed = seed;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(records: readonly LogRecord[], done: (error?: Error) => void): void {
    if (this.#inFlight !== undefined) throw new Error('a batch is in flight already');
    if (this.#failed) throw new Error('the log has failed: nothing may be appended');
    this.#inFlight = records;
    let size = 0;
    for (const record of records) size += recordBytes(record);
    const payload = this.#payload.take(size);
    const blocks = blocksOf(size);
    const settle = (error?: Error): void => {
      this.#failed = error !== undefined;
      this.#inFlight = undefined;
      this.#idle?.();
      done(error);
    };
    this.#roomFor(blocks, (error) => {
      if (error !== undefined) return settle(error);
      const { number, block, sequence } = this.#tail;
      this.#encode(records, payload, number, block);
      this.#tail = { ...this.#tail, block: block + blocks, sequence: sequence + blocks };
      const data = this.#blocks.take(blocks * BLOCK_BYTES);
      toBlocks(payload, sequence, this.#seed, data);
      this.#options.folder.write(segmentName(number), block * BLOCK_BYTES, data, settle);
    });
  }

  #encode(records: readonly LogRecord[], payload: Buffer, segment: number, block: number): void {
    const begin = (block - 1) * PAYLOAD_BYTES;
    let at = 0;
    for (const record of records) {
      const end = writeRecord(payload, at, record);
      if (record.type === 'accepted' || record.type === 'learned') {
        this.#index.set(record.slot, { segment, at: begin + at, bytes: end - at });
      }
      at = end;
    }
  }

  /** A batch that does not fit into the segment begins a new one. */
  #roomFor(blocks: number, done: (error?: Error) => void): void {
    const { number, size, block, sequence } = this.#tail;
    if ((block + blocks) * BLOCK_BYTES <= size) return done();
    const { folder, clusterId, memberId, segmentBytes = DEFAULT_SEGMENT_BYTES } = this.#options;
    const next = number + 1;
    const header = { number: next, firstSequence: sequence, clusterId, memberId };
    const bytes = Math.max(segmentBytes, (1 + blocks) * BLOCK_BYTES);
    this.#tail = { number: next, size: bytes, block: 1, sequence };
    this.#bytes += bytes;
    folder.create(segmentName(next), bytes, encodeSegmentHeader(header), done);
  }

  read(
    from: Slot,
    to: Slot,
    maxBytes: number,
    done: (error: Error | undefined, stored: readonly StoredPvalue[]) => void,
  ): void {
    const found: StoredPvalue[] = [];
    const next = (slot: Slot, bytes: number): void => {
      while (slot < to && slot < this.#index.end && this.#index.get(slot) === undefined) slot += 1;
      const position = slot < to ? this.#index.get(slot) : undefined;
      if (position === undefined) return done(undefined, found);
      if (found.length > 0 && bytes + position.bytes > maxBytes) return done(undefined, found);
      this.#readOne(slot, position, (error, stored) => {
        if (error !== undefined || stored === undefined) return done(error, []);
        found.push(stored);
        next(slot + 1, bytes + position.bytes);
      });
    };
    next(from, 0);
  }

  #readOne(
    slot: Slot,
    { segment, at, bytes }: Position,
    done: (error: Error | undefined, stored?: StoredPvalue) => void,
  ): void {
    const unflushed = this.#inFlight?.findLast(
      (record) => 'value' in record && record.slot === slot,
    );
    if (unflushed !== undefined && 'value' in unflushed) {
      const { ballot, value, type } = unflushed;
      return done(undefined, { ballot, slot, value, learned: type === 'learned' });
    }
    const name = segmentName(segment);
    const block = 1 + Math.floor(at / PAYLOAD_BYTES);
    const skip = at % PAYLOAD_BYTES;
    const length = blocksOf(skip + bytes) * BLOCK_BYTES;
    this.#options.folder.readAt(name, block * BLOCK_BYTES, length, (error, data) => {
      if (error !== undefined) return done(error);
      if (data.length < length) return done(new DamageError(name, `block ${block}`, 'cut off'));
      const payload = payloadOf(data, 0, skip + bytes);
      const header = readHeader(payload, skip);
      if (header?.slot !== slot) return done(new DamageError(name, `block ${block}`, 'changed'));
      done(undefined, storedPvalue(header, payload, skip));
    });
  }

  async close(): Promise<void> {
    if (this.#inFlight !== undefined) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.#options.folder.close();
  }
}
