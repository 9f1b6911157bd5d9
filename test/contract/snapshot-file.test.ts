import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import {
  SnapshotEncoder,
  SnapshotError,
  SnapshotParser,
  verifySnapshot,
  type Snapshot,
  type SnapshotEntry,
  type SnapshotHeader,
} from '../../contract/src/snapshot-file.ts';

const header: SnapshotHeader = {
  version: '0.1.0',
  namespace: 'local',
  cluster: 'journey',
  clusterId: 'old',
  machine: { name: 'chat-log', version: 1 },
  slot: 7,
  member: 'a',
  name: 'n0',
  time: '2026-11-29T05:11:20.893Z',
  digests: { t: [1, 'ff'] },
};

function bytesOf(entries: readonly SnapshotEntry[]): Buffer {
  const encoder = new SnapshotEncoder();
  const pieces = [encoder.header(header), ...entries.map((entry) => encoder.entry(entry))];
  return Buffer.concat([...pieces, encoder.end()]);
}

/** Some 2 KiB. */
const small = bytesOf(
  ['positions', 'texts', 'totals'].flatMap((table) =>
    Array.from({ length: 12 }, (_, i) => {
      const key = String(i).padStart(2, '0');
      return { table, key, value: Buffer.from(`value ${i} of ${table}`) };
    }),
  ),
);

function parse(bytes: Uint8Array, chunkBytes = 100): { entries: SnapshotEntry[]; is: Snapshot } {
  const parser = new SnapshotParser();
  const entries: SnapshotEntry[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    entries.push(...parser.take(bytes.subarray(at, at + chunkBytes)));
  }
  return { entries, is: parser.end() };
}

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-snapshot-'))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** What `verify` says of a file with these bytes. */
function verified(bytes: Uint8Array): Snapshot {
  const file = path.join(folder, 'a.snapshot');
  fs.writeFileSync(file, bytes);
  return verifySnapshot(file);
}

const names = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 5, unit: 'binary-ascii' }), {
  maxLength: 4,
});
const byCharacter = (a: string, b: string): number => (a < b ? -1 : 1);

test('what is written is read, in whatever chunks it comes', () => {
  const tables = fc.tuple(names, names, fc.uint8Array({ maxLength: 300 }));
  fc.assert(
    fc.property(tables, fc.integer({ min: 1, max: 400 }), ([some, keys, value], chunkBytes) => {
      const entries = some
        .toSorted(byCharacter)
        .flatMap((table) => keys.toSorted(byCharacter).map((key) => ({ table, key, value })));
      const { entries: found, is } = parse(bytesOf(entries), chunkBytes);
      const plain = (each: SnapshotEntry): unknown => ({ ...each, value: [...each.value] });
      expect(found.map(plain)).toEqual(entries.map(plain));
      expect(is.header).toEqual(header);
      expect(Object.values(is.tables).reduce((sum, count) => sum + count, 0)).toBe(entries.length);
    }),
  );
});

test('a file is read to its end, and named by its hash', () => {
  const found = verified(small);
  expect(found).toEqual(parse(small).is);
  expect(found).toMatchObject({ bytes: small.length, hash: small.subarray(-32).toString('hex') });
  expect(found.tables).toEqual({ positions: 12, texts: 12, totals: 12 });
});

/** 200 places, over all of it. */
const places = Array.from({ length: 200 }, (_, i) => Math.floor((i * small.length) / 200));

test('each of 200 flipped bits is found', () => {
  for (const [i, at] of places.entries()) {
    const flipped = Buffer.from(small);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (i % 8));
    expect(() => verified(flipped)).toThrow(SnapshotError);
  }
});

test('each of 200 cuts is found, and so is what stands behind the end', () => {
  for (const at of places) expect(() => verified(small.subarray(0, at))).toThrow(SnapshotError);
  expect(() => verified(Buffer.concat([small, Buffer.of(0)]))).toThrow('there is more behind');
  expect(() => verified(Buffer.concat([small, small]))).toThrow('there is more behind');
});

test('the end of another snapshot makes none whole', () => {
  const other = bytesOf([{ table: 'texts', key: '00', value: Buffer.from('another') }]);
  for (const at of places.slice(1)) {
    const mixed = Buffer.concat([small.subarray(0, at), other.subarray(-60)]);
    expect(() => verified(mixed)).toThrow(SnapshotError);
  }
});

test.each([
  ['no file of ours', Buffer.from('PK\u0003\u0004 something else'), 'It is not a snapshot.'],
  ['nothing', Buffer.alloc(0), 'its end is missing'],
  ['a later format', Buffer.from('SYNODSNP\u0002'), 'this version of Synod reads format 1'],
])('%s', (_, bytes, sentence) => {
  expect(() => verified(bytes)).toThrow(sentence);
});

test('no length is believed: nothing waits for bytes that cannot come', () => {
  const begin = small.subarray(0, 9);
  const endless = Buffer.from('ffffffff', 'hex');
  expect(() => verified(Buffer.concat([begin, endless]))).toThrow('a header of 4294967295 bytes');
  const encoder = new SnapshotEncoder();
  const table = Buffer.from('\u0002\u0001t', 'latin1');
  const head = Buffer.concat([encoder.header(header), table]);
  const key = Buffer.from('01ffff', 'hex');
  expect(() => verified(Buffer.concat([head, key]))).toThrow('a key of 65535 bytes');
  const value = Buffer.from('01000141ffffffff', 'hex');
  expect(() => verified(Buffer.concat([head, value]))).toThrow('a value of 4294967295 bytes');
  const trailer = Buffer.from('00ffffffff', 'hex');
  expect(() => verified(Buffer.concat([head, trailer]))).toThrow('a trailer of 4294967295 bytes');
  const long = { table: 't', key: 'k'.repeat(5000), value: Buffer.alloc(0) };
  expect(() => new SnapshotEncoder().entry(long)).toThrow(RangeError);
});

test('a key is no longer than LMDB takes it, with the name of its table', () => {
  const longest = { table: 't', key: 'k'.repeat(1976), value: Buffer.alloc(0) };
  expect(verified(bytesOf([longest])).tables).toEqual({ t: 1 });
  expect(() => bytesOf([{ ...longest, table: 'tt' }])).toThrow(RangeError);
});

test('what would not be a line on a terminal is no header', () => {
  for (const cluster of ['a\u001b[31m', 'a\nb', 'a\u009b2J']) {
    const encoder = new SnapshotEncoder();
    const bytes = Buffer.concat([encoder.header({ ...header, cluster }), encoder.end()]);
    expect(() => verified(bytes)).toThrow('its header says something else');
  }
});

test('entries that are not in order, or twice, are none', () => {
  const value = Buffer.of(1);
  const entry = (table: string, key: string): SnapshotEntry => ({ table, key, value });
  expect(() => parse(bytesOf([entry('t', 'b'), entry('t', 'a')]))).toThrow('keys are not in order');
  expect(() => parse(bytesOf([entry('t', 'a'), entry('t', 'a')]))).toThrow('keys are not in order');
  expect(() => parse(bytesOf([entry('u', 'a'), entry('t', 'a')]))).toThrow('tables are not in');
});
