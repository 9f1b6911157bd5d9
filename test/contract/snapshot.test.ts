import {
  commonSnapshot,
  encodeSnapshotAnswer,
  isSnapshotName,
  LAST_SNAPSHOT_SLOT,
  parseSnapshotAnswer,
  parseSnapshotRequest,
  type HeldSnapshot,
} from '../../contract/src/snapshot.ts';

const machine = { name: 'chat-log', version: 1 };
const held = (slot: number, hash: string): HeldSnapshot => {
  return { slot, hash: hash.repeat(64), machine };
};
const one = { name: 'n0', snapshot: held(7, 'a') };

test('a cluster begins with the snapshot that all of its members hold', () => {
  const blank = { name: 'n1', snapshot: null };
  expect(commonSnapshot([])).toBeUndefined();
  expect(commonSnapshot([blank, { ...blank, name: 'n2' }])).toBeUndefined();
  expect(commonSnapshot([one, { ...one, name: 'n1' }])).toEqual(one.snapshot);
  expect(commonSnapshot([one, blank])).toBe(
    'n0 holds the snapshot of slot 7 with the hash aaaaaaaaaaaaaaaa…, and n1 holds no snapshot. ' +
      'Restore the same one for all members of a new cluster.',
  );
  const sameSlot = { name: 'n1', snapshot: held(7, 'b') };
  expect(commonSnapshot([one, sameSlot])).toContain(
    'n1 holds the snapshot of slot 7 with the hash b',
  );
  expect(commonSnapshot([blank, one])).toContain('n0 holds the snapshot of slot 7');
});

test.each([
  [{ slot: 7, hash: 'a'.repeat(64) }, true],
  [{ slot: LAST_SNAPSHOT_SLOT, hash: 'a'.repeat(64) }, true],
  [{ slot: LAST_SNAPSHOT_SLOT + 1, hash: 'a'.repeat(64) }, false],
  [{ slot: -1, hash: 'a'.repeat(64) }, false],
  [{ slot: 7, hash: 'a'.repeat(63) }, false],
  [{ slot: 7, hash: 'A'.repeat(64) }, false],
  [{ hash: 'a'.repeat(64) }, false],
  [undefined, false],
])('%j names a snapshot: %s', (value, is) => {
  expect(isSnapshotName(value)).toBe(is);
});

test('a part of a snapshot is read as it was sent; what is none is not', () => {
  const part = { at: 3, digest: 'ff', isLast: true, entries: 4, of: 9 };
  const bytes = encodeSnapshotAnswer({ ok: true, part: { ...part, bytes: Buffer.from('bytes') } });
  const found = parseSnapshotAnswer(bytes);
  if (found?.ok !== true) throw new Error('it was not read');
  expect(found.part).toMatchObject(part);
  expect(Buffer.from(found.part.bytes).toString()).toBe('bytes');
  const refused = { ok: false, code: 'SNAPSHOT_BUSY' } as const;
  expect(parseSnapshotAnswer(encodeSnapshotAnswer(refused))).toEqual(refused);
  const head = Buffer.from(bytes).readUInt16BE(0);
  for (let at = 0; at < 2 + head; at++) {
    expect(parseSnapshotAnswer(bytes.subarray(0, at))).toBeUndefined();
  }
});

test.each([
  '',
  '{}',
  '{"id":"abc","at":0,"local":false}',
  `{"id":"${'a'.repeat(32)}","at":-1,"local":false}`,
  `{"id":"${'a'.repeat(32)}","at":0.5,"local":false}`,
  `{"id":"${'a'.repeat(32)}","at":0}`,
])('%j asks for no part', (text) => {
  expect(parseSnapshotRequest(text)).toBeUndefined();
});
