import { chatLogMachine } from '../../../machines/src/chat-log/machine.ts';
import { encodeChatOperation } from '../../../machines/src/chat-log/operations.ts';
import { chatLogScript } from '../../../machines/src/chat-log/script.ts';
import { MemoryFile, MemoryStateDisk } from '../../../node/src/storage/memory-file.ts';
import { openMemoryState } from '../../../node/src/storage/memory-state.ts';

test('a message has its id; what is no message of a script has none', () => {
  expect(chatLogScript.idOf(chatLogScript.message(7, 'a'))).toBe(7);
  expect(chatLogScript.idOf(encodeChatOperation({ type: 'append', text: 'a' }))).toBeUndefined();
  const read = encodeChatOperation({ type: 'read', from: 0, limit: 1 });
  expect(chatLogScript.idOf(read)).toBeUndefined();
  expect(chatLogScript.idOf(new Uint8Array([9]))).toBeUndefined();
});

test('the log has every text, however many pages they come to', () => {
  const ids = { clusterId: 'local/test', memberId: 'a' };
  const { tables } = openMemoryState(new MemoryFile(new MemoryStateDisk(), (run) => run()), ids);
  const texts = Array.from({ length: 2_500 }, (_, i) => `text ${i}`);
  for (const [id, text] of texts.entries()) {
    chatLogMachine.apply(tables, chatLogScript.message(id, text), { slot: id, version: 1 });
  }
  expect(chatLogScript.log((read) => chatLogMachine.query(tables, read))).toEqual(texts);
});
