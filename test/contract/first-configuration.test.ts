import fc from 'fast-check';
import {
  encodeFirstConfiguration,
  isSameFirstConfiguration,
  parseFirstConfiguration,
  type FirstConfiguration,
} from '../../contract/src/first-configuration.ts';
import { parseFormAnswer } from '../../contract/src/form.ts';

const first: FirstConfiguration = {
  clusterId: '00ff',
  members: ['5f0c2b1d9e3a4c77', 'b', 'c'],
  window: 1024,
};

test('what was encoded is parsed as it was, without anything else', () => {
  const text = encodeFirstConfiguration(first);
  expect(parseFirstConfiguration(text)).toEqual(first);
  const more = JSON.stringify({ ...(JSON.parse(text) as object), more: 1 });
  expect(parseFirstConfiguration(more)).toEqual(first);
});

test('one that names a snapshot is another one than without it, or with another', () => {
  const snapshot = { slot: 7, hash: 'a'.repeat(64) };
  const restored = { ...first, snapshot };
  expect(parseFirstConfiguration(encodeFirstConfiguration(restored))).toEqual(restored);
  expect(isSameFirstConfiguration(restored, first)).toBe(false);
  const other = { ...first, snapshot: { slot: 7, hash: 'b'.repeat(64) } };
  expect(isSameFirstConfiguration(restored, other)).toBe(false);
  const text = encodeFirstConfiguration({ ...first, snapshot: { slot: 7, hash: 'a' } });
  expect(parseFirstConfiguration(text)).toBeUndefined();
});

test('a text in which a bit flipped is refused, or says the same', () => {
  const text = Buffer.from(encodeFirstConfiguration(first));
  const bit = fc.nat({ max: text.length * 8 - 1 });
  fc.assert(
    fc.property(bit, (at) => {
      const flipped = Buffer.from(text);
      flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
      const parsed = parseFirstConfiguration(flipped.toString());
      if (parsed !== undefined) expect(parsed).toEqual(first);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['no JSON', 'first'],
  ['no object', '[1]'],
  ['nothing', 'null'],
  ['no checksum', JSON.stringify(first)],
  ['no members', encodeFirstConfiguration({ ...first, members: [] })],
  ['a member twice', encodeFirstConfiguration({ ...first, members: ['a', 'a'] })],
  ['eight members', encodeFirstConfiguration({ ...first, members: Array.from('abcdefgh') })],
  ['a dot in an id', encodeFirstConfiguration({ ...first, members: ['a.b'] })],
  ['a cluster id that is none', encodeFirstConfiguration({ ...first, clusterId: '' })],
  ['no WINDOW', encodeFirstConfiguration({ ...first, window: 0 })],
  ['half a slot', encodeFirstConfiguration({ ...first, window: 1.5 })],
])('%s is no first configuration', (_, text) => {
  expect(parseFirstConfiguration(text)).toBeUndefined();
});

test('the order of members means nothing; all the rest does', () => {
  const { clusterId, members, window } = first;
  const reversed = { window, members: members.toReversed(), clusterId };
  expect(isSameFirstConfiguration(first, reversed)).toBe(true);
  for (const other of [{ clusterId: 'other' }, { members: ['a', 'b'] }, { window: 7 }]) {
    expect(isSameFirstConfiguration(first, { ...first, ...other })).toBe(false);
  }
});

test('answers of a member that was told are parsed as they were; others are none', () => {
  for (const answer of [
    { ok: true, clusterId: 'c' },
    { ok: false, code: 'ANOTHER_CLUSTER' },
  ]) {
    expect(parseFormAnswer(JSON.stringify(answer))).toEqual(answer);
  }
  for (const text of ['', 'null', '[]', '{"ok":true}', '{"ok":false,"code":"NO_SUCH"}']) {
    expect(parseFormAnswer(text)).toBeUndefined();
  }
});
