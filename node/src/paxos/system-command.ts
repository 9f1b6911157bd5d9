import type { MemberId } from './ballot.ts';
import type { Command, Slot } from './pvalue.ts';

/** A change of the configuration, as the log holds it. */
export interface Change {
  /** The number of the configuration that it was computed from: void after any other. */
  readonly base: number;
  readonly voters: readonly MemberId[];
  readonly learners: readonly MemberId[];
  /** It was asked for although a quorum of the new voters was not reachable. */
  readonly forced: boolean;
}

export interface DecidedChange extends Change {
  /** Its new voters have that version of the machine: void once a newer one is in force. */
  readonly machine?: number;
}

/** A newer version of the machine, as the log holds it. */
export interface Upgrade {
  readonly version: number;
  /** The number of the configuration whose voters have it: void after any other. */
  readonly base: number;
}

/** A session of a client. The end of it is void when a command of it was applied since. */
export interface SilentSession {
  readonly client: string;
  /** The slot in which its last command was applied, as far as it is known. */
  readonly touched: Slot;
}

/** What the cluster itself decides, beside the commands of clients. */
export type SystemCommand =
  | ({ readonly type: 'change' } & DecidedChange)
  /** Each member compares its state, as it is after this slot, with the others'. */
  | { readonly type: 'compare' }
  /** From the next slot on: whether what would make the state larger is refused. */
  | { readonly type: 'quota'; readonly isReached: boolean }
  /** These sessions have ended: none of their commands was applied for too long. */
  | { readonly type: 'expire'; readonly sessions: readonly SilentSession[] }
  /** From the next slot on, that version of the state machine decides what commands do. */
  | ({ readonly type: 'machine' } & Upgrade);

/** Begins a system command, and no command of a client. */
const TAG = 0x80;
/** Began a change in older logs: it had no checksum, and there was nothing else. */
const OLD_TAG = 0;
const HEADER_BYTES = 5;

/** Layout: tag u8 | checksum u32, big endian | JSON. */
export function encodeSystemCommand(command: SystemCommand): Command {
  const json = new TextEncoder().encode(JSON.stringify(command));
  const bytes = new Uint8Array(HEADER_BYTES + json.length);
  bytes.set(json, HEADER_BYTES);
  bytes[0] = TAG;
  new DataView(bytes.buffer).setUint32(1, checksum(json));
  return bytes;
}

/** The command that makes the change. */
export function encodeChange(change: DecidedChange): Command {
  const { base, voters, learners, forced, machine } = change;
  const said = { base, voters, learners, forced, ...(machine !== undefined && { machine }) };
  return encodeSystemCommand({ type: 'change', ...said });
}

/** Whether it is a command of the cluster itself, whole or not. */
export function isSystemCommand(command: Command): boolean {
  return command[0] === TAG || command[0] === OLD_TAG;
}

/** @returns `undefined` when it is none, or not whole */
export function parseSystemCommand(command: Command): SystemCommand | undefined {
  if (command[0] === OLD_TAG) return changeOf(parseObject(command.subarray(1)));
  if (command[0] !== TAG || command.length < HEADER_BYTES) return undefined;
  const json = command.subarray(HEADER_BYTES);
  const view = new DataView(command.buffer, command.byteOffset, command.length);
  if (view.getUint32(1) !== checksum(json)) return undefined;
  const fields = parseObject(json);
  const { type, version, base, isReached } = fields;
  if (type === 'compare') return { type };
  if (type === 'expire') return expiryOf(fields);
  if (type === 'quota' && typeof isReached === 'boolean') return { type, isReached };
  if (type === 'machine' && isCount(version) && isCount(base)) return { type, version, base };
  return type === 'change' ? changeOf(fields) : undefined;
}

function expiryOf({ sessions }: { [field in string]?: unknown }): SystemCommand | undefined {
  if (!Array.isArray(sessions) || !sessions.every(isSilentSession)) return undefined;
  return { type: 'expire', sessions };
}

function isSilentSession(value: unknown): value is SilentSession {
  if (typeof value !== 'object' || value === null) return false;
  const { client, touched } = value as { [field in string]?: unknown };
  return typeof client === 'string' && isCount(touched);
}

function changeOf(fields: { [field in string]?: unknown }): SystemCommand | undefined {
  const { base, voters, learners, forced, machine } = fields;
  if (!isCount(base) || typeof forced !== 'boolean') return undefined;
  if (!areIds(voters) || !areIds(learners)) return undefined;
  const change = { type: 'change', base, voters, learners, forced } as const;
  if (machine === undefined) return change;
  return isCount(machine) ? { ...change, machine } : undefined;
}

function parseObject(json: Uint8Array): { [field in string]?: unknown } {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(json));
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function areIds(ids: unknown): ids is string[] {
  return Array.isArray(ids) && ids.every((id) => typeof id === 'string' && id.length > 0);
}

/** FNV-1a, 32 bits: the core imports nothing, and these commands are short and few. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
