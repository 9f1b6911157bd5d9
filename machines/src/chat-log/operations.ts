import { isUtf8 } from 'node:buffer';
import { asBuffer } from '../../../contract/src/bytes.ts';
import { pack, unpack } from '../../../contract/src/message-pack.ts';

/* What clients and the chat log machine say to one another. */

/** Appends `text`, unless it is there already. */
export interface AppendText {
  readonly type: 'append';
  readonly text: string;
  /** The message id of a master script; every process that applies it acknowledges it. */
  readonly messageId?: number;
}

/** Reads up to `limit` texts from position `from` on. */
export interface ReadTexts {
  readonly type: 'read';
  readonly from: number;
  readonly limit: number;
}

export type ChatOperation = AppendText | ReadTexts;

/** `appended`: the text's position, and whether it was there before. `texts`: a page. */
export type ChatResult =
  | { readonly type: 'appended'; readonly position: number; readonly existed: boolean }
  | { readonly type: 'texts'; readonly texts: readonly string[]; readonly total: number }
  | { readonly type: 'invalid' };

const APPEND = 0;
const READ = 1;
const APPEND_HEADER_BYTES = 9;
const READ_BYTES = 17;

/**
 * Layout, big endian: kind u8 (0: append) | message id f64, −1 without one | text in UTF-8; or
 * kind u8 (1: read) | from f64 | limit f64.
 */
export function encodeChatOperation(operation: ChatOperation): Uint8Array {
  if (operation.type === 'read') {
    const bytes = Buffer.alloc(READ_BYTES, READ);
    bytes.writeDoubleBE(operation.from, 1);
    bytes.writeDoubleBE(operation.limit, 9);
    return bytes;
  }
  const { text, messageId = -1 } = operation;
  const bytes = Buffer.allocUnsafe(APPEND_HEADER_BYTES + Buffer.byteLength(text));
  bytes[0] = APPEND;
  bytes.writeDoubleBE(messageId, 1);
  bytes.write(text, APPEND_HEADER_BYTES);
  return bytes;
}

/** An operation as the machine takes it: the text of an append stays as it is, in UTF-8. */
export type ParsedChatOperation =
  | { readonly type: 'append'; readonly utf8: Buffer; readonly messageId: number | undefined }
  | ReadTexts;

/** @returns `undefined` when the bytes are no operation, or a text is not UTF-8 */
export function parseChatOperation(bytes: Uint8Array): ParsedChatOperation | undefined {
  const view = asBuffer(bytes);
  if (view[0] === APPEND && view.length >= APPEND_HEADER_BYTES) {
    const id = view.readDoubleBE(1);
    const utf8 = view.subarray(APPEND_HEADER_BYTES);
    if (!isUtf8(utf8) || (id !== -1 && !isCount(id))) return undefined;
    return { type: 'append', utf8, messageId: id === -1 ? undefined : id };
  }
  if (view[0] !== READ || view.length !== READ_BYTES) return undefined;
  const from = view.readDoubleBE(1);
  const limit = view.readDoubleBE(9);
  return isCount(from) && isCount(limit) ? { type: 'read', from, limit } : undefined;
}

const APPENDED = 0;
const EXISTED = 1;
const TEXTS = 2;
const INVALID = 3;

/**
 * Layout: kind u8 (0: appended, 1: it existed) | position f64, big endian; or kind u8 (2: texts) |
 * MessagePack of [texts, total]; or kind u8 (3: invalid).
 */
export function encodeChatResult(result: ChatResult): Uint8Array {
  switch (result.type) {
    case 'appended': {
      const bytes = Buffer.allocUnsafe(9);
      bytes[0] = result.existed ? EXISTED : APPENDED;
      bytes.writeDoubleBE(result.position, 1);
      return bytes;
    }
    case 'texts':
      return Buffer.concat([Buffer.of(TEXTS), pack([result.texts, result.total])]);
    case 'invalid':
      return Buffer.of(INVALID);
  }
}

/** @returns `{type: 'invalid'}` for anything else, too */
export function parseChatResult(bytes: Uint8Array): ChatResult {
  const view = asBuffer(bytes);
  const [kind] = view;
  if ((kind === APPENDED || kind === EXISTED) && view.length === 9) {
    return { type: 'appended', position: view.readDoubleBE(1), existed: kind === EXISTED };
  }
  return (kind === TEXTS ? parseTexts(view.subarray(1)) : undefined) ?? { type: 'invalid' };
}

function parseTexts(bytes: Uint8Array): ChatResult | undefined {
  try {
    const wire: unknown = unpack(bytes);
    if (!Array.isArray(wire)) return undefined;
    const [texts, total] = wire as unknown[];
    return isTexts(texts) && isCount(total) ? { type: 'texts', texts, total } : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
