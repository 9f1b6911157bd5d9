import { crc32 } from 'node:zlib';
import { asBuffer } from './bytes.ts';
import { flawOf, readOperations, sizeOf, writeOperations } from './operations.ts';

/**
 * A client command as it travels and as the log holds it: a run of operations of one client, which
 * have consecutive numbers. The duplicate filter knows each operation by (client, number). The
 * checksum is the client's, and stays with the command to its end: it is checked where the command
 * enters, where it is accepted, and where it is applied.
 *
 * Layout, big endian: version u8 | client 16 bytes | number u48 | lowest u48 | count u16 |
 * count × (length u32 | operation) | crc32 of all before u32. Version 1 had no checksum.
 */
export interface Command {
  /** 16 random bytes that the client drew when it started, as 32 hex digits. */
  readonly client: string;
  /** The number of the first operation; the others follow it. From 1 on. */
  readonly number: number;
  /** The lowest number of this client that it has no answer to: replies below it can be dropped. */
  readonly lowest: number;
  readonly operations: readonly Uint8Array[];
}

/**
 * Operations of one client, from its lowest unanswered number on, at most: so many replies are
 * kept. Part of the replicated rules: never tune it.
 */
export const MAX_UNANSWERED = 4096;

export const COMMAND_VERSION = 2;
/** Its commands are in older logs. */
const UNCHECKED_VERSION = 1;
const HEADER_BYTES = 1 + 16 + 6 + 6 + 2;
const CHECKSUM_BYTES = 4;

/** Why bytes are not a command. */
export interface MalformedCommand {
  readonly malformed: string;
}

/** @throws RangeError when a field does not fit its place */
export function encodeCommand(command: Command): Uint8Array {
  const { client, number, lowest, operations } = command;
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + sizeOf(operations) + CHECKSUM_BYTES);
  bytes[0] = COMMAND_VERSION;
  if (bytes.write(client, 1, 'hex') !== 16) throw new RangeError(`client id ${client}`);
  bytes.writeUIntBE(number, 17, 6);
  bytes.writeUIntBE(lowest, 23, 6);
  bytes.writeUInt16BE(operations.length, 29);
  const at = writeOperations(operations, bytes, HEADER_BYTES);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, at)), at);
  return bytes;
}

/** Whether the bytes are those of a command as its client sent it. */
export function isSoundCommand(bytes: Uint8Array): boolean {
  const view = asBuffer(bytes);
  if (view[0] === UNCHECKED_VERSION) return true;
  const end = view.length - CHECKSUM_BYTES;
  if (view[0] !== COMMAND_VERSION || end < HEADER_BYTES) return false;
  return crc32(view.subarray(0, end)) === view.readUInt32BE(end);
}

/** What stands before the operations, and how many there are. */
export interface CommandHeader extends Omit<Command, 'operations'> {
  readonly count: number;
}

/** Checks all of a command, and reads its header only. */
export function checkCommand(bytes: Uint8Array): CommandHeader | MalformedCommand {
  const view = asBuffer(bytes);
  const isChecked = view[0] === COMMAND_VERSION;
  if (!isChecked && view[0] !== UNCHECKED_VERSION) {
    return { malformed: `version ${String(view[0])}` };
  }
  const length = view.length - (isChecked ? CHECKSUM_BYTES : 0);
  if (length < HEADER_BYTES) return { malformed: 'shorter than its header' };
  const number = view.readUIntBE(17, 6);
  const lowest = view.readUIntBE(23, 6);
  if (lowest < 1 || lowest > number) return { malformed: `lowest ${lowest} of number ${number}` };
  const count = view.readUInt16BE(29);
  const malformed = flawOf(view, HEADER_BYTES, length, count);
  if (malformed !== undefined) return { malformed };
  return { client: view.toString('hex', 1, 17), number, lowest, count };
}

/** Parses a command. The operations are views of `bytes`. */
export function parseCommand(bytes: Uint8Array): Command | MalformedCommand {
  const header = checkCommand(bytes);
  if ('malformed' in header) return header;
  const { client, number, lowest, count } = header;
  const operations = readOperations(asBuffer(bytes), HEADER_BYTES, count);
  return { client, number, lowest, operations };
}
