import { crc32 } from 'node:zlib';
import { asBuffer } from './bytes.ts';
import { flawOf, readOperations, sizeOf, writeOperations } from './operations.ts';

/**
 * A client command as it travels and as the log holds it: a run of operations of one client, which
 * have consecutive numbers. The duplicate filter knows each operation by (session, number). The
 * checksum is the client's, and stays with the command to its end: it is checked where the command
 * enters, where it is accepted, and where it is applied.
 *
 * Layout, big endian: version u8 | client 16 bytes | number u48 | lowest u48 | count u16 |
 * use u8 | session u48 | count × (length u32 | operation) | crc32 of all before u32.
 * Version 2 had no use and no session, version 1 no checksum either.
 */
export interface Command {
  /** 16 random bytes that the client drew when it started, as 32 hex digits. */
  readonly client: string;
  /** The number of the first operation; the others follow it. From 1 on. */
  readonly number: number;
  /** The lowest number of this client that it has no answer to: replies below it can be dropped. */
  readonly lowest: number;
  /** None, where a session is opened or closed. */
  readonly operations: readonly Uint8Array[];
  /** Without it the client has one session, which is there when it is needed: scripts, old logs. */
  readonly session?: SessionUse | undefined;
}

/**
 * What a command has to do with its client's session. It runs *in* the session that was opened in
 * slot `id`, and not when that has ended. *Open* is answered with that slot; the session ends when
 * no command of it has come for `ttlMs`, or when it is *closed*.
 */
export type SessionUse =
  | { readonly type: 'in'; readonly id: number }
  | { readonly type: 'open'; readonly ttlMs: number }
  | { readonly type: 'close'; readonly id: number };

/**
 * Operations of one client, from its lowest unanswered number on, at most: so many replies are
 * kept. Part of the replicated rules: never tune it.
 */
export const MAX_UNANSWERED = 4096;

/** How long a session may be silent, in ms. Part of the replicated rules, too. */
export const MIN_TTL_MS = 1_000;
export const MAX_TTL_MS = 3_600_000;

/** Not 3: a flipped bit would make it version 1, which has no checksum. */
export const COMMAND_VERSION = 4;
/** Its commands have no session of their own. */
export const SESSIONLESS_VERSION = 2;
/** Its commands are in older logs. */
const UNCHECKED_VERSION = 1;
const HEADER_BYTES = 1 + 16 + 6 + 6 + 2;
const SESSION_BYTES = 1 + 6;
const CHECKSUM_BYTES = 4;
const USES = ['in', 'open', 'close'] as const;

/** Why bytes are not a command. */
export interface MalformedCommand {
  readonly malformed: string;
}

/** @throws RangeError when a field does not fit its place */
export function encodeCommand(command: Command): Uint8Array {
  const { client, number, lowest, operations, session } = command;
  const begin = HEADER_BYTES + (session === undefined ? 0 : SESSION_BYTES);
  const bytes = Buffer.allocUnsafe(begin + sizeOf(operations) + CHECKSUM_BYTES);
  bytes[0] = session === undefined ? SESSIONLESS_VERSION : COMMAND_VERSION;
  if (bytes.write(client, 1, 'hex') !== 16) throw new RangeError(`client id ${client}`);
  bytes.writeUIntBE(number, 17, 6);
  bytes.writeUIntBE(lowest, 23, 6);
  bytes.writeUInt16BE(operations.length, 29);
  if (session !== undefined) {
    bytes[HEADER_BYTES] = USES.indexOf(session.type);
    const argument = session.type === 'open' ? session.ttlMs : session.id;
    bytes.writeUIntBE(argument, HEADER_BYTES + 1, 6);
  }
  const at = writeOperations(operations, bytes, begin);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, at)), at);
  return bytes;
}

/** Whether the bytes are those of a command as its client sent it. */
export function isSoundCommand(bytes: Uint8Array): boolean {
  const view = asBuffer(bytes);
  if (view[0] === UNCHECKED_VERSION) return true;
  const end = view.length - CHECKSUM_BYTES;
  const begin = beginOf(view[0]);
  if (begin === undefined || end < begin) return false;
  return crc32(view.subarray(0, end)) === view.readUInt32BE(end);
}

/** Where the operations begin. */
function beginOf(version: number | undefined): number | undefined {
  if (version === COMMAND_VERSION) return HEADER_BYTES + SESSION_BYTES;
  return version === SESSIONLESS_VERSION || version === UNCHECKED_VERSION
    ? HEADER_BYTES
    : undefined;
}

/** What stands before the operations, and how many there are. */
export interface CommandHeader extends Omit<Command, 'operations'> {
  readonly count: number;
}

/** Checks all of a command, and reads its header only. */
export function checkCommand(bytes: Uint8Array): CommandHeader | MalformedCommand {
  const view = asBuffer(bytes);
  const begin = beginOf(view[0]);
  if (begin === undefined) return { malformed: `version ${String(view[0])}` };
  const end = view.length - (view[0] === UNCHECKED_VERSION ? 0 : CHECKSUM_BYTES);
  if (end < begin) return { malformed: 'shorter than its header' };
  const number = view.readUIntBE(17, 6);
  const lowest = view.readUIntBE(23, 6);
  if (lowest < 1 || lowest > number) return { malformed: `lowest ${lowest} of number ${number}` };
  const count = view.readUInt16BE(29);
  const session = begin > HEADER_BYTES ? sessionOf(view) : undefined;
  if (typeof session === 'string') return { malformed: session };
  const isRun = session === undefined || session.type === 'in';
  const malformed = isRun
    ? flawOf(view, begin, end, count)
    : count > 0 || end > begin
      ? `operations beside "${session.type}"`
      : undefined;
  if (malformed !== undefined) return { malformed };
  return { client: view.toString('hex', 1, 17), number, lowest, count, session };
}

/** @returns why there is none */
function sessionOf(view: Buffer): SessionUse | string {
  const type = USES[view[HEADER_BYTES] ?? USES.length];
  const argument = view.readUIntBE(HEADER_BYTES + 1, 6);
  if (type === undefined) return `use ${String(view[HEADER_BYTES])} of a session`;
  if (type !== 'open') return { type, id: argument };
  const isTime = argument >= MIN_TTL_MS && argument <= MAX_TTL_MS;
  return isTime ? { type, ttlMs: argument } : `a session of ${argument} ms`;
}

/** Parses a command. The operations are views of `bytes`. */
export function parseCommand(bytes: Uint8Array): Command | MalformedCommand {
  const header = checkCommand(bytes);
  if ('malformed' in header) return header;
  const { client, number, lowest, count, session } = header;
  const view = asBuffer(bytes);
  const operations = readOperations(view, beginOf(view[0]) ?? HEADER_BYTES, count);
  return { client, number, lowest, operations, session };
}
