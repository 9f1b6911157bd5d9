import { asBuffer } from './bytes.ts';
import { isErrorCode, type ErrorCode } from './error-codes.ts';
import { isObject, parseObject } from './json-object.ts';
import { isMachineVersion, type MachineVersion } from './machine-version.ts';

/** Which snapshot it is. */
export interface SnapshotName {
  /** It has what every slot below it did. */
  readonly slot: number;
  /** SHA-256 of the file, in hex. */
  readonly hash: string;
}

/** What a member that was not told its cluster yet is to begin with. */
export interface HeldSnapshot extends SnapshotName {
  readonly machine: MachineVersion;
}

/** The snapshot in the data folder of a member that is to begin with it. */
export const RESTORE_FILE = 'restore.snapshot';

/**
 * A restored cluster goes on so many slots above its snapshot. What the old cluster has decided
 * since then is lost; but no slot that it handed out, as a fencing token, say, comes again, unless
 * it decided more than that: at 5,000 a second, for a year and nine months.
 */
export const SLOT_MARGIN = 2 ** 38;

/** The highest slot that a snapshot may have: a slot has 47 bits, and the cluster has to go on. */
export const LAST_SNAPSHOT_SLOT = 2 ** 46;

const hashPattern = /^[0-9a-f]{64}$/;

export function isSnapshotName(value: unknown): value is SnapshotName {
  if (!isObject(value)) return false;
  const { slot, hash } = value;
  return isSnapshotSlot(slot) && typeof hash === 'string' && hashPattern.test(hash);
}

export function isSnapshotSlot(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= LAST_SNAPSHOT_SLOT;
}

export function isHeldSnapshot(value: unknown): value is HeldSnapshot {
  return isSnapshotName(value) && 'machine' in value && isMachineVersion(value.machine);
}

export function isSameSnapshot(a: SnapshotName | undefined, b: SnapshotName | undefined): boolean {
  return a?.slot === b?.slot && a?.hash === b?.hash;
}

/** For a person, within a sentence. */
export function formatSnapshot(name: SnapshotName | undefined): string {
  if (name === undefined) return 'no snapshot';
  return `the snapshot of slot ${name.slot} with the hash ${name.hash.slice(0, 16)}…`;
}

/** What a member says that was told nothing yet. */
interface Blank {
  readonly name: string;
  readonly snapshot: HeldSnapshot | null;
}

/**
 * The snapshot that a cluster of these members begins with.
 * @returns `undefined` when none of them holds one; or a sentence when they hold different ones
 */
export function commonSnapshot(members: readonly Blank[]): HeldSnapshot | string | undefined {
  const [first] = members;
  if (first === undefined) return undefined;
  const held = first.snapshot ?? undefined;
  const other = members.find(({ snapshot }) => !isSameSnapshot(snapshot ?? undefined, held));
  if (other === undefined) return held;
  return (
    `${first.name} holds ${formatSnapshot(held)}, and ${other.name} holds ` +
    `${formatSnapshot(other.snapshot ?? undefined)}. Restore the same one for all members of a ` +
    'new cluster.'
  );
}

/**
 * Asks one member for a part of a snapshot of its state. JSON, on the subject of that member. The
 * first part begins a snapshot, unless the member is giving another one.
 */
export interface SnapshotRequest {
  /** Drawn by who asks, for one snapshot: 16 to 64 hex digits. */
  readonly id: string;
  /** The number of the part: the one that was given last, again, or the next one. */
  readonly at: number;
  /** As the member has it; without it, with all that was answered to anybody before. */
  readonly local: boolean;
}

const idPattern = /^[0-9a-f]{16,64}$/;

/** @returns `undefined` when the text is no request */
export function parseSnapshotRequest(text: string): SnapshotRequest | undefined {
  const { id, at, local } = parseObject(text) ?? {};
  if (typeof id !== 'string' || !idPattern.test(id)) return undefined;
  if (!Number.isSafeInteger(at) || Number(at) < 0 || typeof local !== 'boolean') return undefined;
  return { id, at: Number(at), local };
}

/** A part of a snapshot's file. */
export interface SnapshotPart {
  readonly at: number;
  readonly bytes: Uint8Array;
  /** SHA-256 of the file up to here, in hex. */
  readonly digest: string;
  readonly isLast: boolean;
  /** Entries up to here, and of all of it. */
  readonly entries: number;
  readonly of: number;
}

export type SnapshotAnswer =
  | { readonly ok: true; readonly part: SnapshotPart }
  | { readonly ok: false; readonly code: ErrorCode };

const HEAD_LENGTH_BYTES = 2;

/** Layout: length of the head u16, big endian | head, JSON | bytes of the file. */
export function encodeSnapshotAnswer(answer: SnapshotAnswer): Uint8Array {
  const { bytes = new Uint8Array(0), ...part } = answer.ok ? answer.part : {};
  const said = answer.ok ? { ok: true, part } : answer;
  const head = Buffer.from(JSON.stringify(said));
  const length = Buffer.allocUnsafe(HEAD_LENGTH_BYTES);
  length.writeUInt16BE(head.length);
  return Buffer.concat([length, head, bytes]);
}

/** @returns `undefined` when the bytes are no answer */
export function parseSnapshotAnswer(bytes: Uint8Array): SnapshotAnswer | undefined {
  const view = asBuffer(bytes);
  if (view.length < HEAD_LENGTH_BYTES) return undefined;
  const end = HEAD_LENGTH_BYTES + view.readUInt16BE(0);
  if (end > view.length) return undefined;
  const { ok, code, part } = parseObject(view.toString('utf8', HEAD_LENGTH_BYTES, end)) ?? {};
  if (ok === false && isErrorCode(code)) return { ok, code };
  if (ok !== true || !isObject(part)) return undefined;
  const { at, digest, isLast, entries, of } = part;
  if (typeof digest !== 'string' || typeof isLast !== 'boolean') return undefined;
  if (typeof at !== 'number' || typeof entries !== 'number' || typeof of !== 'number') {
    return undefined;
  }
  return { ok, part: { at, digest, isLast, entries, of, bytes: view.subarray(end) } };
}
