import fc from 'fast-check';
import {
  encodeChatOperation,
  encodeChatResult,
  parseChatOperation,
  parseChatResult,
} from '../../../machines/src/chat-log/operations.ts';

const texts = fc.string({ unit: 'grapheme' }).filter((text) => text.isWellFormed());

test('an append keeps its text and message id', () => {
  fc.assert(
    fc.property(texts, fc.option(fc.nat(), { nil: undefined }), (text, messageId) => {
      const id = messageId === undefined ? {} : { messageId };
      const parsed = parseChatOperation(encodeChatOperation({ type: 'append', text, ...id }));
      if (parsed?.type !== 'append') throw new Error('it is no append');
      expect({ text: parsed.utf8.toString(), id: parsed.messageId }).toEqual({
        text,
        id: messageId,
      });
    }),
    { seed: 1 },
  );
});

test('a read keeps its page', () => {
  const read = { type: 'read', from: 7, limit: Number.MAX_SAFE_INTEGER } as const;
  expect(parseChatOperation(encodeChatOperation(read))).toEqual(read);
});

test('a text that is no UTF-8 is no operation', () => {
  const bytes = Buffer.concat([encodeChatOperation({ type: 'append', text: '' }), Buffer.of(0xff)]);
  expect(parseChatOperation(bytes)).toBeUndefined();
});

test('results are parsed again', () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), fc.array(texts), (position, existed, page) => {
      const appended = { type: 'appended', position, existed } as const;
      expect(parseChatResult(encodeChatResult(appended))).toEqual(appended);
      const read = { type: 'texts', texts: page, total: position } as const;
      expect(parseChatResult(encodeChatResult(read))).toEqual(read);
    }),
    { seed: 2 },
  );
  expect(parseChatResult(encodeChatResult({ type: 'invalid' }))).toEqual({ type: 'invalid' });
});

test('any bytes are something or nothing, and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      parseChatOperation(bytes);
      expect(parseChatResult(bytes)).toHaveProperty('type');
    }),
    { seed: 3, numRuns: 500 },
  );
});
