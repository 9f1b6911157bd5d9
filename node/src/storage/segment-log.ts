import type { LogRecord, StoredPvalue } from '../paxos/effects.ts';
import type { Slot } from '../paxos/pvalue.ts';
import {
  BLOCK_BYTES,
  PAYLOAD_BYTES,
  blocksOf,
  changedBlock,
  payloadOf,
  seedOf,
  toBlocks,
} from './block.ts';
import { DamageError } from './damage.ts';
import type { Facts } from './facts.ts';
import type { LogFolder } from './log-folder.ts';
import type { Log } from './log.ts';
import { readHeader, recordBytes, writeRecord } from './record.ts';
import { storedPvalue, type Recovery } from './recovery.ts';
import { Restated } from './restated.ts';
import { encodeSegmentHeader, segmentName } from './segment.ts';
import { Scratch } from './scratch.ts';
import type { Segments } from './segments.ts';
import type { Position, SlotIndex } from './slot-index.ts';
import type { Superblock } from './superblock.ts';

export interface SegmentLogOptions {
  readonly folder: LogFolder;
  readonly clusterId: string;
  readonly memberId: string;
  /** The state that the log goes with: values below its slot stay on disk. */
  readonly state: Pick<Facts, 'slotOut' | 'origin' | 'logEnd'>;
  /** Whether a superblock may be missing: versions before it made none. */
  readonly isOld?: boolean;
  /** In [0, 1): for the random part of the incarnation. */
  readonly random?: () => number;
  /** The size of a segment file; a larger batch gets a larger one. */
  readonly segmentBytes?: number;
  /** So much is kept even if it could go, for members that were away briefly. */
  readonly keepBytes?: number;
}

const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;

/** Where the next batch goes. */
export interface Tail {
  readonly number: number;
  readonly size: number;
  /** The block of the segment at which the next batch begins. */
  readonly block: number;
  /** The sequence of that block. */
  readonly sequence: number;
}

/** What was found when the log was opened. */
export interface FoundLog {
  readonly superblock: Superblock;
  readonly tail: Tail;
  readonly segments: Segments;
  readonly recovery: Recovery;
}

/** The log as append-only segment files (design: "What is durable"). */
export class SegmentLog implements Log {
  readonly #options: SegmentLogOptions;
  readonly #superblock: Superblock;
  readonly #segments: Segments;
  readonly #index: SlotIndex;
  readonly #restated: Restated;
  readonly #seed: number;
  readonly #payload = new Scratch();
  readonly #blocks = new Scratch();
  #tail: Tail;
  #end: number;
  /** The floor is higher than the records have it: the next batch writes it. */
  #isFloorUnwritten: boolean;
  /** Segments that are to be deleted, the oldest first, and the one that is being deleted. */
  readonly #doomed: number[] = [];
  #removing: number | undefined;
  #removeLater: (() => void) | undefined;
  /** How many reads are under way in a segment. */
  readonly #readers = new Map<number, number>();
  #inFlight: readonly LogRecord[] | undefined;
  /** Of the write that failed: it was the last. */
  #failure: Error | undefined;
  #isClosed = false;
  #idle: (() => void) | undefined;

  constructor(options: SegmentLogOptions, found: FoundLog) {
    const { superblock, tail, segments, recovery } = found;
    this.#options = options;
    this.#superblock = superblock;
    this.#tail = tail;
    this.#end = tail.sequence;
    this.#segments = segments;
    this.#restated = new Restated(recovery.result(), recovery.flushed);
    this.#isFloorUnwritten = this.#restated.floor > recovery.floor;
    this.#index = recovery.index;
    this.#index.forgetBelow(this.first);
    this.#seed = seedOf(options.memberId);
  }

  get bytes(): number {
    return this.#segments.bytes;
  }

  get end(): number {
    return this.#end;
  }

  get first(): Slot {
    return this.#restated.floor;
  }

  collectable(floor: Slot): Slot {
    const { keepBytes = 0 } = this.#options;
    return Math.max(this.first, this.#segments.firstAfter(floor, keepBytes));
  }

  collect(floor: Slot, failed: (error: Error) => void): void {
    this.#index.forgetBelow(floor);
    this.#doomed.push(...this.#segments.take(floor));
    this.#removeDoomed(failed);
  }

  /** One after the other, the oldest first: a crash leaves no gap. None that is being read. */
  #removeDoomed(failed: (error: Error) => void): void {
    const [number] = this.#doomed;
    if (number === undefined || this.#removing !== undefined) return;
    if (this.#readers.has(number)) {
      this.#removeLater = () => this.#removeDoomed(failed);
      return;
    }
    this.#removing = number;
    this.#options.folder.removeLater(segmentName(number), (error) => {
      this.#removing = undefined;
      this.#doomed.shift();
      this.#idle?.();
      if (error !== undefined) failed(error);
      else this.#removeDoomed(failed);
    });
  }

  append(records: readonly LogRecord[], done: (error?: Error) => void): void {
    if (this.#inFlight !== undefined) throw new Error('a batch is in flight already');
    if (this.#failure !== undefined || this.#isClosed) {
      throw new Error('the log has failed, or is closed: nothing may be appended');
    }
    const batch = this.#batchOf(records);
    this.#inFlight = batch;
    const size = sizeOf(batch);
    const payload = this.#payload.take(size);
    const blocks = blocksOf(size);
    const settle = (error?: Error): void => {
      this.#failure = error;
      if (error === undefined) this.#end = this.#tail.sequence;
      this.#inFlight = undefined;
      this.#idle?.();
      done(error);
    };
    this.#roomFor(blocks, (error) => {
      if (error !== undefined) return settle(error);
      const { number, block, sequence } = this.#tail;
      this.#encode(batch, payload, number, block);
      this.#tail = { ...this.#tail, block: block + blocks, sequence: sequence + blocks };
      const data = this.#blocks.take(blocks * BLOCK_BYTES);
      toBlocks(payload, sequence, this.#seed, data);
      this.#options.folder.write(segmentName(number), block * BLOCK_BYTES, data, settle);
    });
  }

  /** The records, and before them what the log has to say itself. */
  #batchOf(records: readonly LogRecord[]): readonly LogRecord[] {
    const { number, block } = this.#tail;
    // A crash may have left a segment with nothing but its header: it begins with this batch, too.
    const isFull = number > 0 && !this.#hasRoomFor(blocksOf(sizeOf(records)));
    if (!isFull && block !== 1 && !this.#isFloorUnwritten) return records;
    this.#isFloorUnwritten = false;
    return [...this.#restated.records, ...records];
  }

  #encode(records: readonly LogRecord[], payload: Buffer, segment: number, block: number): void {
    const begin = (block - 1) * PAYLOAD_BYTES;
    let at = 0;
    for (const record of records) {
      const end = writeRecord(payload, at, record);
      this.#restated.note(record);
      if (record.type === 'accepted' || record.type === 'learned') {
        this.#index.set(record.slot, { segment, at: begin + at, bytes: end - at });
      }
      at = end;
    }
  }

  #hasRoomFor(blocks: number): boolean {
    const { size, block } = this.#tail;
    return (block + blocks) * BLOCK_BYTES <= size;
  }

  /** A batch that does not fit into the segment begins a new one. */
  #roomFor(blocks: number, done: (error?: Error) => void): void {
    if (this.#hasRoomFor(blocks)) return done();
    const { folder, clusterId, memberId, segmentBytes = DEFAULT_SEGMENT_BYTES } = this.#options;
    const { sequence } = this.#tail;
    const number = this.#tail.number + 1;
    const slotsBelow = Math.max(this.#index.end, this.first);
    const bytes = Math.max(segmentBytes, (1 + blocks) * BLOCK_BYTES);
    const header = { number, firstSequence: sequence, slotsBelow, bytes, clusterId, memberId };
    this.#tail = { number, size: bytes, block: 1, sequence };
    this.#segments.add({ number, bytes, slotsBelow });
    folder.create(segmentName(number), bytes, encodeSegmentHeader(header), (error) => {
      if (error !== undefined) return done(error);
      // Before there is anything in it: from now on it is missed when it is gone.
      this.#superblock.write({ lastSegment: number, end: sequence }, done);
    });
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
    this.#readers.set(segment, (this.#readers.get(segment) ?? 0) + 1);
    this.#options.folder.readAt(name, block * BLOCK_BYTES, length, (error, data) => {
      this.#readEnded(segment);
      if (error !== undefined) return done(error);
      if (data.length < length) return done(new DamageError(name, `block ${block}`, 'cut off'));
      const changed = changedBlock(data, this.#seed);
      if (changed !== undefined) {
        return done(
          new DamageError(name, `block ${block + changed}`, 'changed since it was written'),
        );
      }
      const payload = payloadOf(data, 0, skip + bytes);
      const header = readHeader(payload, skip);
      if (header?.slot !== slot) return done(new DamageError(name, `block ${block}`, 'changed'));
      done(undefined, storedPvalue(header, payload, skip));
    });
  }

  get #isBusy(): boolean {
    const isWriting = this.#inFlight !== undefined || this.#removing !== undefined;
    return isWriting || this.#readers.size > 0;
  }

  #readEnded(segment: number): void {
    const left = (this.#readers.get(segment) ?? 1) - 1;
    if (left > 0) return void this.#readers.set(segment, left);
    this.#readers.delete(segment);
    const remove = this.#removeLater;
    this.#removeLater = undefined;
    remove?.();
    this.#idle?.();
  }

  seal(): void {
    if (this.#inFlight !== undefined) throw new Error('a batch is in flight');
    this.#superblock.writeNow({ end: this.#end });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // Only the one that is being deleted goes on; the others go after the next start.
    this.#removeLater = undefined;
    this.#doomed.splice(this.#removing === undefined ? 0 : 1);
    while (this.#isBusy) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    this.#options.folder.close();
    // Who is not told of it may take for durable what the system has in memory alone.
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function sizeOf(records: readonly LogRecord[]): number {
  let size = 0;
  for (const record of records) size += recordBytes(record);
  return size;
}
