import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DamageError } from '../../../node/src/storage/damage.ts';
import {
  AnotherClusterError,
  readFirstConfiguration,
  storeFirstConfiguration,
} from '../../../node/src/storage/first-configuration-file.ts';

const first = { clusterId: 'c', members: ['a', 'b', 'd'], window: 16 };
let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-first-'));
  file = path.join(folder, 'first-configuration.json');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const contents = (): string[] =>
  fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), 'utf8'));

test('nothing is stored before a member is told; then it is, for ever', () => {
  expect(readFirstConfiguration(folder, false)).toBeUndefined();
  expect(storeFirstConfiguration(folder, first, false)).toEqual(first);
  expect(readFirstConfiguration(folder, false)).toEqual(first);
  expect(fs.readdirSync(folder)).toEqual(['first-configuration.json']);
});

test('the same again changes nothing; another one is refused, and changes nothing', () => {
  storeFirstConfiguration(folder, first, false);
  const before = contents();
  const reordered = { ...first, members: first.members.toReversed() };
  expect(storeFirstConfiguration(folder, reordered, false)).toEqual(first);
  for (const other of [{ clusterId: 'x' }, { members: ['a'] }, { window: 17 }]) {
    expect(() => storeFirstConfiguration(folder, { ...first, ...other }, false)).toThrow(
      AnotherClusterError,
    );
  }
  expect(contents()).toEqual(before);
});

test('one that was cut short while it was stored was not told', () => {
  fs.writeFileSync(`${file}.new`, '{"clus');
  expect(readFirstConfiguration(folder, false)).toBeUndefined();
  expect(storeFirstConfiguration(folder, first, false)).toEqual(first);
});

test('a changed one is damage, and is not replaced', () => {
  storeFirstConfiguration(folder, first, false);
  const changed = fs.readFileSync(file, 'utf8').replace('"d"', '"e"');
  fs.writeFileSync(file, changed);
  expect(() => readFirstConfiguration(folder, false)).toThrow(DamageError);
  expect(() => storeFirstConfiguration(folder, first, false)).toThrow(DamageError);
  expect(fs.readFileSync(file, 'utf8')).toBe(changed);
});

test('a missing one beside a state, or of a member that has run, is damage', () => {
  expect(() => readFirstConfiguration(folder, true)).toThrow(DamageError);
  expect(() => storeFirstConfiguration(folder, first, true)).toThrow(DamageError);
  fs.writeFileSync(path.join(folder, 'state.mdb'), '');
  expect(() => readFirstConfiguration(folder, false)).toThrow(DamageError);
  expect(() => storeFirstConfiguration(folder, first, false)).toThrow(DamageError);
  expect(fs.readdirSync(folder)).toEqual(['state.mdb']);
});
