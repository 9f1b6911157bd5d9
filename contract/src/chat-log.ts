import { Packr } from 'msgpackr';

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

const packr = new Packr({ useRecords: false, variableMapSize: true });

export function encodeChatOperation(operation: ChatOperation): Uint8Array {
  return operation.type === 'append'
    ? packr.pack([0, Buffer.from(operation.text, 'utf8'), operation.messageId ?? null])
    : packr.pack([1, operation.from, operation.limit]);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @returns `undefined` when the bytes are no operation, or a text is not UTF-8 */
export function parseChatOperation(bytes: Uint8Array): ChatOperation | undefined {
  try {
    const wire: unknown = packr.unpack(bytes);
    if (!Array.isArray(wire)) return undefined;
    const [kind, first, second] = wire as unknown[];
    if (kind === 0 && first instanceof Uint8Array) {
      const id = typeof second === 'number' ? { messageId: second } : {};
      return { type: 'append', text: utf8.decode(first), ...id };
    }
    if (kind === 1 && isCount(first) && isCount(second)) {
      return { type: 'read', from: first, limit: second };
    }
    return undefined;
  } catch {
    return undefined;
  }
}

export function encodeChatResult(result: ChatResult): Uint8Array {
  switch (result.type) {
    case 'appended':
      return packr.pack([0, result.position, result.existed]);
    case 'texts':
      return packr.pack([1, result.texts, result.total]);
    case 'invalid':
      return packr.pack([2]);
  }
}

/** @returns `{type: 'invalid'}` for anything else, too */
export function parseChatResult(bytes: Uint8Array): ChatResult {
  try {
    const wire: unknown = packr.unpack(bytes);
    if (!Array.isArray(wire)) return { type: 'invalid' };
    const [kind, first, second] = wire as unknown[];
    if (kind === 0 && typeof first === 'number' && typeof second === 'boolean') {
      return { type: 'appended', position: first, existed: second };
    }
    if (kind === 1 && isTexts(first) && typeof second === 'number') {
      return { type: 'texts', texts: first, total: second };
    }
    return { type: 'invalid' };
  } catch {
    return { type: 'invalid' };
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
