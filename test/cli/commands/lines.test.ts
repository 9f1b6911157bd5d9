import { Readable } from 'node:stream';
import { linesOf } from '../../../cli/src/commands/lines.ts';

async function lines(...chunks: string[]): Promise<string[]> {
  const input = Readable.from(chunks.map((chunk) => Buffer.from(chunk, 'latin1')));
  const found: string[] = [];
  for await (const line of linesOf(input, new AbortController().signal)) {
    found.push(line.toString('latin1'));
  }
  return found;
}

test.each([
  [['a\nb\n'], ['a', 'b']],
  [['a\r\n\nb'], ['a', '', 'b']],
  [
    ['a', 'b\nc', '\n', 'd'],
    ['ab', 'c', 'd'],
  ],
  [
    ['a\r', '\nb'],
    ['a', 'b'],
  ],
  [['\xff\xfe\n'], ['\xff\xfe']],
  [[], []],
])('%j has the lines %j', async (chunks, expected) => {
  expect(await lines(...chunks)).toEqual(expected);
});

test('a signal ends it, also while nothing comes', async () => {
  const input = new Readable({ read: () => undefined });
  input.push('a\nb');
  const stop = new AbortController();
  const found: string[] = [];
  for await (const line of linesOf(input, stop.signal)) {
    found.push(line.toString());
    stop.abort();
  }
  expect(found).toEqual(['a']);
  expect(input.destroyed).toBe(true);
});
