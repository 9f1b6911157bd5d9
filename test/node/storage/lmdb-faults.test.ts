import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DamageError } from '../../../node/src/storage/damage.ts';
import { DiskError } from '../../../node/src/storage/disk-error.ts';
import { openLmdbState } from '../../../node/src/storage/lmdb-state.ts';
import { checkPages } from '../../../node/src/storage/lmdb-pages.ts';
import { isApart, META, newerMeta, PAGE_BYTES, placeOf, usedPages } from './lmdb-map.ts';
import { shapedState, type ShapedState } from './state-shapes.ts';

/* What LMDB trusts is looked at before. Here is one fault at a time, and LMDB sees none of them. */

let state: ShapedState;
let bytes: Buffer;

const meta = (): number => newerMeta(bytes);
const begin = (kind: string, which = 0): number =>
  PAGE_BYTES * (usedPages(bytes).filter((page) => page.kind === kind)[which]?.number ?? NaN);
const nodes = (kind: string, which = 0): readonly number[] =>
  usedPages(bytes).filter((page) => page.kind === kind)[which]?.nodes ?? [];
const node = (kind: string, i: number): number => nodes(kind)[i] ?? NaN;
/** One whose value is apart. */
const apart = (): number =>
  usedPages(bytes)
    .filter(({ kind }) => kind === 'leaf')
    .flatMap((leaf) => leaf.nodes)
    .find((each) => isApart(bytes, each)) ?? NaN;
/** The newest list of free pages: how many numbers, and then they. */
const list = (): number => placeOf(bytes, nodes('free leaf').at(-1) ?? NaN);
const listed = (): number => Number(bytes.readBigInt64LE(list()));

const whole = (at: number, value: number): void => void bytes.writeBigInt64LE(BigInt(value), at);
const half = (at: number, value: number): void => void bytes.writeUInt16LE(value, at);
const add = (at: number, difference: number): void =>
  whole(at, Number(bytes.readBigInt64LE(at)) + difference);
const halfAdd = (at: number, difference: number): void =>
  half(at, bytes.readUInt16LE(at) + difference);
const addPages = (count: number): void => {
  add(meta() + META.lastPage, count);
  add(meta() + 40, count * PAGE_BYTES);
};
const swap = (a: number, b: number, length: number): void => {
  const kept = Buffer.from(bytes.subarray(a, a + length));
  bytes.copy(bytes, a, b, b + length);
  kept.copy(bytes, b);
};
const copy = (from: number, to: number, length: number): void =>
  void bytes.copy(bytes, to, from, from + length);

type Fault = readonly [what: string, make: () => void, found: string];

const ofMetaPages: readonly Fault[] = [
  ['a first page that is none', () => half(18, 2), 'no pages of LMDB'],
  ['a second page that is none', () => half(PAGE_BYTES + 24, 0), 'no pages of LMDB'],
  ['another version', () => half(28, 1), 'no pages of LMDB'],
  ['pages of a strange size', () => half(48, 4097), 'no page has 4097 bytes'],
  ['pages of two sizes', () => half(PAGE_BYTES + 48, 8192), 'differ in size'],
  ['a tree of many values to a key', () => half(meta() + 100, 4), 'flags that are never set'],
  ['a transaction left out', () => add(meta() + 152, 2), 'do not follow one another'],
  ['a transaction twice', () => add(meta() + 152, -1), 'do not follow one another'],
  ['a map that is too small', () => whole(meta() + 40, 4096), 'are no map of'],
  ['no depth', () => half(meta() + 102, 0), 'a tree that cannot be'],
  ['a depth of one less', () => half(meta() + 102, 1), 'they count 1 branches, there are 0'],
  ['a depth of one more', () => half(meta() + 102, 3), 'it is a branch too many'],
  ['a root elsewhere', () => add(meta() + META.dataRoot, 2 ** 20), 'knows of no such page'],
  ['a branch more', () => add(meta() + 104, 1), 'they count 2 branches, there are 1'],
  ['no branch', () => add(meta() + 104, -1), 'it is a branch too many'],
  ['a leaf more', () => add(meta() + 112, 1), 'leaves, there are'],
  ['a leaf less', () => add(meta() + 112, -1), 'it is a leaf too many'],
  ['a page of values more', () => add(meta() + 120, 1), 'pages of values, there are'],
  ['an entry less', () => add(meta() + 128, -1), 'entries, there are'],
  ['a list of free pages more', () => add(meta() + 80, 1), 'lists of free pages, there are'],
  ['many last pages more', () => addPages(2 ** 15), 'not in the file, and not free'],
  ['far too many pages', () => addPages(2 ** 21), 'the file has'],
  ['no transaction', () => [0, PAGE_BYTES].forEach((page) => whole(page + 152, 0)), 'has a tree'],
  ['a last page less', () => add(meta() + META.lastPage, -1), 'knows of no such page'],
];

const ofBranches: readonly Fault[] = [
  ['another page', () => copy(begin('leaf'), begin('branch'), PAGE_BYTES), 'it is another page'],
  ['a number too large', () => add(begin('branch') + 8, 1), 'newer than the last transaction'],
  ['an older root', () => add(begin('branch') + 8, -1), 'it is not of transaction'],
  ['another kind', () => half(begin('branch') + 18, 2), 'it is no branch'],
  ['one child', () => half(begin('branch') + 20, 2), 'its keys do not fit'],
  ['a child twice', () => copy(node('branch', 1), node('branch', 2), 6), 'more than one place'],
  ['a child behind the end', () => half(node('branch', 1) + 2, 99), 'knows of no such page'],
  ['a child among the meta pages', () => half(node('branch', 1), 1), 'knows of no such page'],
  ['a free child', () => copy(list() + 8, node('branch', 1), 4), 'more than one place'],
  ['children swapped', () => swap(node('branch', 1), node('branch', 2), 6), 'of another page'],
  ['a first key', () => swap(begin('branch') + 24, begin('branch') + 26, 2), 'it has a key of'],
];

const leaf = (): number => begin('leaf');
const lastNode = (): number => Math.max(...nodes('leaf'));
const ofLeaves: readonly Fault[] = [
  ['another page', () => add(leaf(), 1), 'it is another page'],
  ['a number too large', () => add(leaf() + 8, 100), 'newer than the last transaction'],
  ['another kind', () => half(leaf() + 18, 0x42), 'it is no leaf'],
  ['no keys', () => half(leaf() + 20, 0), 'its keys do not fit'],
  ['an odd end of pointers', () => halfAdd(leaf() + 20, 1), 'its keys do not fit'],
  ['pointers among the nodes', () => half(leaf() + 20, 4000), 'its keys do not fit'],
  ['nodes behind the end', () => half(leaf() + 22, 4080), 'its keys do not fit'],
  ['a pointer before the nodes', () => half(leaf() + 24, 0), 'it has no whole node'],
  ['an odd pointer', () => half(leaf() + 24, 4071), 'it has no whole node'],
  ['a pointer to the end', () => half(leaf() + 24, 4066), 'it has no whole node'],
  ['a node behind the end', () => halfAdd(lastNode() + 6, 2), 'it has no whole node'],
  ['a node twice', () => copy(leaf() + 24, leaf() + 26, 2), 'its keys are not in order'],
  ['a node too few', () => halfAdd(leaf() + 20, -2), 'not one after the other'],
  ['a node within another', nest, 'not one after the other'],
  ['a gap', () => halfAdd(leaf() + 22, -2), 'not one after the other'],
  ['keys swapped', () => swap(leaf() + 24, leaf() + 26, 2), 'its keys are not in order'],
  ['values of one key', () => half(node('leaf', 0) + 4, 4), 'a value of an unknown kind'],
  ['a tree in a tree', () => half(node('leaf', 0) + 4, 2), 'a value of an unknown kind'],
  ['a large value', () => half(node('leaf', 0) + 2, 1), 'a node that is too large'],
  ['an empty key', () => half(node('leaf', 0) + 6, 0), 'it has'],
];

const place = (): number => placeOf(bytes, apart());
const value = (): number => PAGE_BYTES * Number(bytes.readBigUInt64LE(place()));
const ofValues: readonly Fault[] = [
  ['larger than its pages', () => half(apart() + 2, 9), 'larger than its pages'],
  ['of more pages', () => add(place() + 16, 1), 'more than one place'],
  ['of pages behind the end', () => add(place() + 16, 9_999), 'no such page'],
  ['of another transaction', () => add(place() + 8, -1), 'does not begin the value'],
  ['of no transaction so far', () => add(place() + 8, 99), 'a value that is newer than'],
  ['on another page', () => add(value(), 1), 'does not begin the value'],
  ['on a page of another kind', () => half(value() + 18, 2), 'does not begin the value'],
  ['on a page of another count', () => half(value() + 20, 77), 'does not begin the value'],
  ['on a page of another transaction', () => add(value() + 8, 1), 'does not begin the value'],
];

const ofTheFreeList: readonly Fault[] = [
  ['a page in use', () => whole(list() + 8, leaf() / PAGE_BYTES), 'more than one place'],
  ['a page twice', () => copy(list() + 8, list() + 16, 8), 'more than one place'],
  ['a page behind the end', () => whole(list() + 8, 99_999), 'no such page'],
  ['a meta page', () => whole(list() + 8, 1), 'no such page'],
  ['pages in use', () => whole(list() + 8, -50), 'more than one place'],
  ['pages without a first one', () => bytes.fill(255, list() + 8, list() + 24), 'no such page'],
  ['a last number without pages', () => whole(list() + 8 * listed(), -1), 'not whole'],
  ['too many numbers', () => whole(list(), 500), 'not whole'],
  ['less than no numbers', () => whole(list(), -1), 'not whole'],
  ['a transaction 0', () => whole(node('free leaf', 0) + 8, 0), 'transaction 0 has freed'],
  ['a transaction to come', () => whole(list() - 8, 99), 'transaction 99 has freed'],
  ['a short transaction', () => half(node('free leaf', 0) + 6, 7), 'it has a key of 7 bytes'],
];

const faults = [
  ...ofMetaPages.map((fault) => ['the meta pages', ...fault] as const),
  ...ofBranches.map((fault) => ['a branch', ...fault] as const),
  ...ofLeaves.map((fault) => ['a leaf', ...fault] as const),
  ...ofValues.map((fault) => ['a value that is apart', ...fault] as const),
  ...ofTheFreeList.map((fault) => ['the free list', ...fault] as const),
];

describe('a tree of one branch, values that are apart, and one leaf of the free list', () => {
  beforeAll(async () => {
    state = await shapedState('large values');
  });
  afterAll(() => state.place.clean());

  test.each(faults)('%s: %s', (_, __, make, found) => expectFound(make, found));
});

describe('a tree of branches below branches', () => {
  beforeAll(async () => {
    state = await shapedState('deep trees');
  });
  afterAll(() => state.place.clean());

  test('branches the wrong way round', () => {
    expectFound(() => swap(node('branch', 1), node('branch', 2), 6), 'branches are not in order');
  });
});

describe('a free list of more than a page', () => {
  beforeAll(async () => {
    state = await shapedState('many deletions');
  });
  afterAll(() => state.place.clean());

  test('a list on a page of another kind', () => {
    expectFound(() => half(begin('free value') + 18, 2), 'does not begin the value');
  });
});

test('a file that cannot be read is no damaged one', () => {
  expect(() => checkPages(path.join(os.tmpdir(), 'long'.repeat(100)))).toThrow(DiskError);
});

/** Gives a leaf a key more, whose node is in the value of another one. */
function nest(): void {
  const [page, last] = [begin('leaf', 1), nodes('leaf', 1).at(-1) ?? NaN];
  const end = page + 24 + bytes.readUInt16LE(page + 20);
  const nested = placeOf(bytes, last) + 4 + (placeOf(bytes, last) % 2);
  half(end, nested - page - 24);
  halfAdd(page + 20, 2);
  bytes.set([0, 0, 0, 0, 0, 0, 1, 0, 255], nested);
}

function expectFound(make: () => void, found: string): void {
  checkPages(state.file);
  bytes = fs.readFileSync(state.file);
  make();
  const faulty = path.join(state.place.folder, 'faulty.mdb');
  fs.writeFileSync(faulty, bytes);
  expect(() => checkPages(faulty)).toThrow(found);
}

test('whatever an older run, or a person, left as the lock file of LMDB harms nobody', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'synod-lock-'));
  const lock = path.join(folder, 'state.mdb-lock');
  const left: (() => void)[] = [
    () => fs.writeFileSync(lock, 'garbage'.repeat(4096)),
    () => fs.writeFileSync(lock, ''),
    () => fs.symlinkSync('/dev/full', lock),
    () => void execFileSync('mkfifo', [lock]),
  ];
  try {
    const ids = { folder, clusterId: 'local/test', memberId: 'a' };
    for (const leave of left) {
      leave();
      const state = openLmdbState(ids);
      // While it is used it has no name: nobody can cut it off.
      expect(fs.existsSync(lock)).toBe(false);
      await state.close();
    }
    fs.mkdirSync(lock);
    expect(() => openLmdbState(ids)).toThrow('state.mdb-lock is damaged at its name: a folder is');
    expect(() => openLmdbState(ids)).toThrow(DamageError);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});
