import { hash } from 'node:crypto';
import { encodeChatResult, parseChatOperation, type ReadTexts } from './operations.ts';
import { asBuffer } from '../../../contract/src/bytes.ts';
import { countKey, decodeCount, encodeCount, StoredCount } from '../port/count.ts';
import type { StateMachine } from '../port/state-machine.ts';
import { keyOf, type Bytes, type Key, type Tables } from '../port/tables.ts';

/** Position (u64) to text (UTF-8). */
const TEXTS = 'texts';
/** Text (see `textKey`) to position. */
const POSITIONS = 'positions';
const TOTALS = 'totals';
const total = new StoredCount(TOTALS, 'texts');

/** Texts up to this many bytes are their own key: a longer key would cost more than its hash. */
const OWN_KEY_BYTES = 64;
/** A page ends after this many bytes of texts, so that its reply fits a message. */
const PAGE_BYTES = 128 * 1024;

const INVALID = encodeChatResult({ type: 'invalid' });

/**
 * The replicated chat log: texts in the order of their first append. A text that is there already
 * is not appended again: its request is answered with the position it has.
 */
export const chatLogMachine: StateMachine = {
  name: 'chat-log',
  version: 2,
  boundsSince: 2,
  tables: [TEXTS, POSITIONS, TOTALS],

  apply(tables, operation) {
    const parsed = parseChatOperation(operation);
    if (parsed === undefined) return INVALID;
    return parsed.type === 'append' ? append(tables, parsed.utf8) : read(tables, parsed);
  },

  isRead(operation) {
    return parseChatOperation(operation)?.type === 'read';
  },

  grows(operation) {
    return parseChatOperation(operation)?.type === 'append';
  },

  query(tables, bytes) {
    const parsed = parseChatOperation(bytes);
    return parsed?.type === 'read' ? read(tables, parsed) : INVALID;
  },
};

function append(tables: Tables, text: Buffer): Bytes {
  const key = textKey(text);
  const known = tables.get(POSITIONS, key);
  if (known !== undefined) {
    return encodeChatResult({ type: 'appended', position: decodeCount(known), existed: true });
  }
  const position = total.read(tables);
  tables.put(TEXTS, countKey(position), text);
  tables.put(POSITIONS, key, encodeCount(position));
  total.write(tables, position + 1);
  return encodeChatResult({ type: 'appended', position, existed: false });
}

/** At least one text, if there is one and one was asked for, then as many as fit a page. */
function read(tables: Tables, { from, limit }: ReadTexts): Bytes {
  const end = total.read(tables);
  const texts: string[] = [];
  let bytes = 0;
  if (from < end && limit > 0) {
    for (const [, text] of tables.range(TEXTS, { from: countKey(from), limit })) {
      bytes += text.length;
      if (texts.length > 0 && bytes > PAGE_BYTES) break;
      texts.push(asBuffer(text).toString('utf8'));
    }
  }
  return encodeChatResult({ type: 'texts', texts, total: end });
}

/** The first byte tells texts from digests, or a text could pass for the digest of another. */
function textKey(text: Buffer): Key {
  return text.length <= OWN_KEY_BYTES
    ? `\0${keyOf(text)}`
    : `\x01${hash('sha256', text, 'binary')}`;
}
