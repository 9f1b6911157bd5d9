import fc from 'fast-check';
import { encodeChatOperation, parseChatResult } from '../../../machines/src/chat-log/operations.ts';
import { chatLogMachine } from '../../../machines/src/chat-log/machine.ts';
import type { Tables } from '../../../machines/src/port/tables.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';

const ids = { clusterId: 'local/test', memberId: 'a' };
let tables: Tables;
beforeEach(() => {
  ({ tables } = openMemoryState(new MemoryFile(new MemoryStateDisk(), (run) => run()), ids));
});

const here = { slot: 0, version: 1 };
const append = (text: string) =>
  parseChatResult(
    chatLogMachine.apply(tables, encodeChatOperation({ type: 'append', text }), here),
  );

const read = (from: number, limit: number) =>
  parseChatResult(chatLogMachine.query(tables, encodeChatOperation({ type: 'read', from, limit })));

test('texts have the order of their first append; a known one keeps its position', () => {
  expect(append('a')).toEqual({ type: 'appended', position: 0, existed: false });
  expect(append('b')).toEqual({ type: 'appended', position: 1, existed: false });
  expect(append('a')).toEqual({ type: 'appended', position: 0, existed: true });
  expect(read(0, 10)).toEqual({ type: 'texts', texts: ['a', 'b'], total: 2 });
});

test('pages: from, limit, and past the end', () => {
  for (const text of ['a', 'b', 'c']) append(text);
  expect(read(1, 1)).toEqual({ type: 'texts', texts: ['b'], total: 3 });
  expect(read(3, 10)).toEqual({ type: 'texts', texts: [], total: 3 });
  expect(read(0, 0)).toEqual({ type: 'texts', texts: [], total: 3 });
});

test('a page ends before it is too large for a message, and has one text at least', () => {
  const large = ['x', 'y', 'z'].map((letter) => letter.repeat(100_000));
  for (const text of large) append(text);
  expect(read(0, 10)).toEqual({ type: 'texts', texts: [large[0]], total: 3 });
  const larger = 'w'.repeat(300_000);
  append(larger);
  expect(read(3, 10)).toEqual({ type: 'texts', texts: [larger], total: 4 });
});

test('what is no operation changes nothing', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from([7]), Buffer.from([0, 1])]) {
    expect(parseChatResult(chatLogMachine.apply(tables, bytes, here))).toEqual({ type: 'invalid' });
  }
  const appends = encodeChatOperation({ type: 'append', text: 'a' });
  expect(parseChatResult(chatLogMachine.query(tables, appends))).toEqual({ type: 'invalid' });
  expect(read(0, 1)).toEqual({ type: 'texts', texts: [], total: 0 });
});

test('any texts: each once, as a list without doubles has them', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('', '\0', '\x01', 'a'.repeat(64), 'a'.repeat(65), 'é', 'e\u0301', '，', '🙂'),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 40 }), (texts) => {
      ({ tables } = openMemoryState(new MemoryFile(new MemoryStateDisk(), (run) => run()), ids));
      const expected = [...new Set(texts)];
      for (const each of texts) {
        expect(append(each)).toMatchObject({ position: expected.indexOf(each) });
      }
      expect(read(0, 1000)).toEqual({ type: 'texts', texts: expected, total: expected.length });
    }),
    { seed: 1, numRuns: 200 },
  );
});
