import { printable } from '../../../cli/src/commands/printable.ts';

test.each([
  ['good morning, ö 日本 🙂', 'good morning, ö 日本 🙂'],
  ['\x1b[31mred\x07', '\\x1b[31mred\\x07'],
  ['a\nb\tc\x7f\x9b', 'a\\x0ab\\x09c\\x7f\\x9b'],
  ['a\u202eb\u2066c\u2028', 'a\\u202eb\\u2066c\\u2028'],
])('%j is shown as %s', (text, shown) => {
  expect(printable(text)).toBe(shown);
});
