import type { Incarnation } from '../paxos/log-end.ts';
import { BLOCK_BYTES, isUnwritten, payloadOf, readBlock, toBlocks } from './block.ts';
import { DamageError } from './damage.ts';
import { ForeignDataError, FormatError } from './format-error.ts';
import type { Done, LogFolder } from './log-folder.ts';

/*
 * A small record beside the segments: what there has to be. It stands twice, and the older one is
 * overwritten each time, so that one of them is always whole.
 */
export const SUPERBLOCK = 'superblock';
const SUPERBLOCK_FORMAT = 1;
const SEED = 0;
/** The two are so far apart that no disk writes them together. */
const APART_BYTES = 4096;
const FILE_BYTES = APART_BYTES + BLOCK_BYTES;

export interface SuperblockRecord {
  readonly memberId: string;
  /** The run that wrote it; count 0 before the first one. */
  readonly incarnation: Incarnation;
  /** The number of the last segment that has to be there; 0 before the first one. */
  readonly lastSegment: number;
  /** The log was durable up to this sequence of its blocks, at least. */
  readonly end: number;
}

/** The superblock of a log. Its writes are durable. */
export class Superblock {
  readonly #folder: LogFolder;
  #record: SuperblockRecord;
  #writes: number;

  private constructor(folder: LogFolder, record: SuperblockRecord, writes: number) {
    this.#folder = folder;
    this.#record = record;
    this.#writes = writes;
  }

  /** Makes one where there is none, or one of a member that never was. */
  static make(folder: LogFolder, record: SuperblockRecord): Superblock {
    const superblock = new Superblock(folder, record, 1);
    const file = Buffer.alloc(FILE_BYTES);
    superblock.#encode().copy(file, placeOf(1));
    folder.makeNow(SUPERBLOCK, file);
    return superblock;
  }

  /**
   * @param memberId whose it has to be, where that is known
   * @returns `undefined` when there is none
   * @throws DamageError, ForeignDataError, FormatError
   */
  static read(folder: LogFolder, memberId?: string): Superblock | undefined {
    if (!folder.list().includes(SUPERBLOCK)) return undefined;
    const file = Buffer.alloc(FILE_BYTES);
    const read = folder.readNow(SUPERBLOCK, 0, file);
    if (read < FILE_BYTES) throw damaged(`it has ${read} bytes, and not ${FILE_BYTES}`);
    const [odd, even] = [decode(file, placeOf(1)), decode(file, placeOf(2))];
    const newest = even === undefined || (odd?.writes ?? 0) > even.writes ? odd : even;
    if (newest === undefined) throw damaged('nothing is written in it');
    // They are written in turn: whatever is missing, or older, was lost.
    const before = newest === odd ? even : odd;
    if ((before?.writes ?? 0) !== newest.writes - 1) {
      throw damaged(`a write before number ${newest.writes} is missing`);
    }
    const { record, writes } = newest;
    if (memberId !== undefined && record.memberId !== memberId) {
      throw new ForeignDataError(SUPERBLOCK, 'member', record.memberId, memberId);
    }
    return new Superblock(folder, record, writes);
  }

  /**
   * Whether there is none, or one of a member that no run has had. It may be cut short: it was not
   * always made under another name, and a disk that filled, or a crash, left it empty, with zeros,
   * or with less than all of it. Whoever asks has made sure that nothing else is there.
   * @throws DamageError when it has anything else in it
   */
  static isUnborn(folder: LogFolder): boolean {
    if (!folder.list().includes(SUPERBLOCK)) return true;
    const file = Buffer.alloc(FILE_BYTES + 1); // A longer one is none that was being made.
    const read = folder.readNow(SUPERBLOCK, 0, file);
    const others = file.subarray(Math.min(read, BLOCK_BYTES), read);
    if (read > FILE_BYTES || others.some((byte) => byte !== 0)) return false;
    if (read < BLOCK_BYTES || isUnwritten(file, placeOf(1))) return true;
    return decode(file, placeOf(1))?.record.incarnation.count === 0;
  }

  get record(): SuperblockRecord {
    return this.#record;
  }

  /** While nothing else is written. */
  writeNow(change: Partial<SuperblockRecord>): void {
    const { place, block } = this.#next(change);
    this.#folder.writeNow(SUPERBLOCK, place, block);
  }

  /** One at a time. */
  write(change: Partial<SuperblockRecord>, done: Done): void {
    const { place, block } = this.#next(change);
    this.#folder.write(SUPERBLOCK, place, block, done);
  }

  #next(change: Partial<SuperblockRecord>): { place: number; block: Buffer } {
    this.#record = { ...this.#record, ...change };
    this.#writes += 1;
    return { place: placeOf(this.#writes), block: this.#encode() };
  }

  #encode(): Buffer {
    const block = Buffer.alloc(BLOCK_BYTES);
    const json = JSON.stringify({ format: SUPERBLOCK_FORMAT, ...this.#record });
    toBlocks(Buffer.from(json), this.#writes, SEED, block);
    return block;
  }
}

/** Where the write of that number goes. */
function placeOf(writes: number): number {
  return writes % 2 === 1 ? 0 : APART_BYTES;
}

function decode(
  file: Buffer,
  at: number,
): { record: SuperblockRecord; writes: number } | undefined {
  if (isUnwritten(file, at)) return undefined;
  const block = readBlock(file, at, SEED);
  if (block === undefined) throw damaged('its checksum does not match', at / BLOCK_BYTES);
  // Two that were exchanged are whole, and in turn: the next write would go over the newer one.
  if (placeOf(block.sequence) !== at) {
    throw damaged(`write number ${block.sequence} belongs in the other place`, at / BLOCK_BYTES);
  }
  const json = payloadOf(file.subarray(at), 0, block.used).toString();
  const { format, ...record } = JSON.parse(json) as SuperblockRecord & { format: number };
  if (format > SUPERBLOCK_FORMAT) throw new FormatError(SUPERBLOCK, format, SUPERBLOCK_FORMAT);
  return { record, writes: block.sequence };
}

function damaged(reason: string, block = 0): DamageError {
  return new DamageError(SUPERBLOCK, `block ${block}`, reason);
}
