import { asBuffer } from './bytes.ts';
import { ENVELOPE_BYTES, isUnopened, seal, unseal } from './envelope.ts';
import { errors, type ErrorCode } from './error-codes.ts';
import { pack, unpack } from './message-pack.ts';

/** Of a command that is too large: what it has, and what the cluster takes now. */
export interface Sizes {
  readonly bytes: number;
  readonly most: number;
}

/** What became of one request: the result of each of its operations, or a refusal. */
export type Outcome =
  | { readonly ok: true; readonly slot: number; readonly results: readonly Uint8Array[] }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly retryAfterMs?: number;
      readonly sizes?: Sizes;
    };

/**
 * The answer to one request. A client numbers its lanes (it has one outstanding request in each)
 * and sends lane `l` with the reply subject `<inbox>.<l>`; answers that are ready together travel
 * in one message to `<inbox>.replies`.
 */
export interface Reply {
  readonly lane: number;
  /** The number of the request's first operation: an answer to an older request is stale. */
  readonly number: number;
  readonly outcome: Outcome;
}

/** The answers of one member to one client that travel together. */
export interface Replies {
  /** Of the cluster that answers: two of one name may be there, or one in the place of another. */
  readonly clusterId: string;
  readonly replies: readonly Reply[];
}

/** An answer may be so large, or as large as a message of NATS: if that is smaller, in parts. */
export const LARGEST_ANSWER = 1024 * 1024;

export const REPLY_VERSION = 3;

type Wire = [lane: number, number: number, slot: number, results: readonly Uint8Array[]];
type WireRefusal = [
  ...[lane: number, number: number, code: string, retryAfterMs: number | null],
  ...sizes: [bytes: number, most: number] | [],
];

/** MessagePack of [cluster id, answers], with a checksum and a version. */
export function encodeReplies({ clusterId, replies }: Replies): Uint8Array {
  const wire = replies.map(({ lane, number, outcome }): Wire | WireRefusal =>
    outcome.ok
      ? [lane, number, outcome.slot, outcome.results]
      : [lane, number, outcome.code, outcome.retryAfterMs ?? null, ...sizesToWire(outcome.sizes)],
  );
  return seal(pack([clusterId, wire], ENVELOPE_BYTES), REPLY_VERSION);
}

/** They came later: who does not know them reads what stands before. */
function sizesToWire(sizes: Sizes | undefined): [number, number] | [] {
  return sizes === undefined ? [] : [sizes.bytes, sizes.most];
}

/** @returns `undefined` when the bytes are not replies of this version, or not as they were sent */
export function parseReplies(bytes: Uint8Array): Replies | undefined {
  try {
    const content = unseal(asBuffer(bytes), REPLY_VERSION);
    if (isUnopened(content)) return undefined;
    const frame: unknown = unpack(content);
    if (!Array.isArray(frame)) return undefined;
    const [clusterId, entries] = frame as unknown[];
    if (typeof clusterId !== 'string' || !Array.isArray(entries)) return undefined;
    const replies: Reply[] = [];
    for (const entry of entries as unknown[]) {
      const reply = parseReply(entry);
      if (reply === undefined) return undefined;
      replies.push(reply);
    }
    return { clusterId, replies };
  } catch {
    return undefined;
  }
}

function parseReply(entry: unknown): Reply | undefined {
  if (!Array.isArray(entry)) return undefined;
  const [lane, number, slotOrCode, rest, bytes, most] = entry as unknown[];
  if (typeof lane !== 'number' || typeof number !== 'number') return undefined;
  if (typeof slotOrCode === 'number') {
    if (!Array.isArray(rest) || !rest.every((result) => result instanceof Uint8Array)) {
      return undefined;
    }
    return { lane, number, outcome: { ok: true, slot: slotOrCode, results: rest } };
  }
  if (typeof slotOrCode !== 'string' || !isErrorCode(slotOrCode)) return undefined;
  const hint = typeof rest === 'number' ? { retryAfterMs: rest } : {};
  const isSized = typeof bytes === 'number' && typeof most === 'number';
  const sizes = isSized ? { sizes: { bytes, most } } : {};
  return { lane, number, outcome: { ok: false, code: slotOrCode, ...hint, ...sizes } };
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code);
}
