import type { Ballot } from '../paxos/ballot.ts';
import type { LogRecord } from '../paxos/effects.ts';
import type { Slot, Value } from '../paxos/pvalue.ts';

/*
 * How a log record is written.
 * Layout, little endian: kind u8 | length of the whole record u32 | slot u48 | round u48 |
 * length of the leader id u8 | leader id | count u32 | count × (length u32 | command).
 * Fields that a kind lacks are 0.
 */
const kinds = ['ballot', 'leader-ballot', 'accepted', 'learned', 'decided-mark', 'floor']
  .concat('flushed')
  .map((kind) => kind as LogRecord['type']);
const HEADER_BYTES = 18;

/** What stands before the value. */
export interface RecordHeader {
  readonly kind: LogRecord['type'];
  readonly length: number;
  readonly slot: Slot;
  readonly round: number;
  readonly leader: string;
  /** Where the value begins, from the start of the record. */
  readonly valueAt: number;
}

/** The bytes that the record takes. */
export function recordBytes(record: LogRecord): number {
  let size = HEADER_BYTES;
  if ('ballot' in record) size += Buffer.byteLength(record.ballot.leader);
  if ('value' in record) {
    size += 4;
    for (const command of record.value) size += 4 + command.length;
  }
  return size;
}

/** Writes the record at `at`. @returns where the next one goes */
export function writeRecord(into: Buffer, at: number, record: LogRecord): number {
  const ballot: Ballot | undefined = 'ballot' in record ? record.ballot : undefined;
  into[at] = kinds.indexOf(record.type);
  into.writeUIntLE('slot' in record ? record.slot : 0, at + 5, 6);
  into.writeUIntLE(ballot?.round ?? 0, at + 11, 6);
  const leaderBytes = into.write(ballot?.leader ?? '', at + HEADER_BYTES);
  into[at + 17] = leaderBytes;
  let end = at + HEADER_BYTES + leaderBytes;
  if ('value' in record) {
    into.writeUInt32LE(record.value.length, end);
    end += 4;
    for (const command of record.value) {
      into.writeUInt32LE(command.length, end);
      into.set(command, end + 4);
      end += 4 + command.length;
    }
  }
  into.writeUInt32LE(end - at, at + 1);
  return end;
}

/** @returns `undefined` when there is no whole record at `at` */
export function readHeader(from: Buffer, at: number): RecordHeader | undefined {
  const kind = kinds[from[at] ?? kinds.length];
  if (kind === undefined || at + HEADER_BYTES > from.length) return undefined;
  const length = from.readUInt32LE(at + 1);
  const leaderBytes = from[at + 17] ?? 0;
  const valueAt = HEADER_BYTES + leaderBytes;
  if (length < valueAt || at + length > from.length) return undefined;
  return {
    kind,
    length,
    slot: from.readUIntLE(at + 5, 6),
    round: from.readUIntLE(at + 11, 6),
    leader: from.toString('utf8', at + HEADER_BYTES, at + valueAt),
    valueAt,
  };
}

/** Copies the commands of the record at `at`. */
export function readValue(from: Buffer, at: number, { valueAt }: RecordHeader): Value {
  const count = from.readUInt32LE(at + valueAt);
  const value: Uint8Array[] = [];
  let next = at + valueAt + 4;
  for (let i = 0; i < count; i++) {
    const end = next + 4 + from.readUInt32LE(next);
    value.push(Uint8Array.prototype.slice.call(from, next + 4, end));
    next = end;
  }
  return value;
}
