import { crc32 } from 'node:zlib';
import { asBuffer } from './bytes.ts';
import { flawOf, readOperations, sizeOf, writeOperations } from './operations.ts';

/**
 * What a read has to have seen. *Linearizable*: all that was answered to anybody before the read
 * was sent. *At least* a slot: what was decided up to there, and maybe no more. *Local*: whatever
 * the member has, however old.
 */
export type Consistency = 'linearizable' | 'local' | { readonly atLeast: number };

/**
 * Operations that change nothing, as they travel to any one member; they run on one state. They are
 * no command: nothing of them is stored, and the number is for the answer alone.
 *
 * Layout, big endian: version u8 | consistency u8 (0 linearizable, 1 at least) | slot count u48 |
 * number u48 | operations u16 | operations × (length u32 | operation) | crc32 of all before u32.
 * The slot count is how many slots have to be applied: 0 is `local`.
 */
export interface ReadRequest {
  /** From 1 on; it comes back with the answer. */
  readonly number: number;
  readonly consistency: Consistency;
  readonly operations: readonly Uint8Array[];
}

export const READ_VERSION = 1;
const HEADER_BYTES = 1 + 1 + 6 + 6 + 2;
const CHECKSUM_BYTES = 4;
const LINEARIZABLE = 0;
const AT_LEAST = 1;

/** @throws RangeError when a field does not fit its place */
export function encodeRead({ number, consistency, operations }: ReadRequest): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + sizeOf(operations) + CHECKSUM_BYTES);
  bytes[0] = READ_VERSION;
  bytes[1] = consistency === 'linearizable' ? LINEARIZABLE : AT_LEAST;
  bytes.writeUIntBE(typeof consistency === 'string' ? 0 : consistency.atLeast + 1, 2, 6);
  bytes.writeUIntBE(number, 8, 6);
  bytes.writeUInt16BE(operations.length, 14);
  const at = writeOperations(operations, bytes, HEADER_BYTES);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, at)), at);
  return bytes;
}

/** Why bytes are no read. `number` is what stands in its place: an answer may find who asked. */
export interface BadRead {
  readonly bad: 'MALFORMED' | 'GARBLED';
  readonly number: number;
}

/** Parses a read. The operations are views of `bytes`. Never throws. */
export function parseRead(bytes: Uint8Array): ReadRequest | BadRead {
  const view = asBuffer(bytes);
  const end = view.length - CHECKSUM_BYTES;
  if (end < HEADER_BYTES) return { bad: 'MALFORMED', number: 0 };
  const number = view.readUIntBE(8, 6);
  if (view[0] !== READ_VERSION) return { bad: 'MALFORMED', number };
  if (crc32(view.subarray(0, end)) !== view.readUInt32BE(end)) return { bad: 'GARBLED', number };
  const consistency = consistencyOf(view);
  const count = view.readUInt16BE(14);
  const isWhole = flawOf(view, HEADER_BYTES, end, count) === undefined;
  if (consistency === undefined || !isWhole) return { bad: 'MALFORMED', number };
  return { number, consistency, operations: readOperations(view, HEADER_BYTES, count) };
}

function consistencyOf(view: Buffer): Consistency | undefined {
  const slots = view.readUIntBE(2, 6);
  if (view[1] === LINEARIZABLE) return 'linearizable';
  if (view[1] !== AT_LEAST) return undefined;
  return slots === 0 ? 'local' : { atLeast: slots - 1 };
}
