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
  expect(readFirstConfiguration(folder)).toBeUndefined();
  expect(storeFirstConfiguration(folder, first)).toEqual(first);
  expect(readFirstConfiguration(folder)).toEqual(first);
  expect(fs.readdirSync(folder)).toEqual(['first-configuration.json']);
});

test('the same again changes nothing; another one is refused, and changes nothing', () => {
  storeFirstConfiguration(folder, first);
  const before = contents();
  const reordered = { ...first, members: first.members.toReversed() };
  expect(storeFirstConfiguration(folder, reordered)).toEqual(first);
  for (const other of [{ clusterId: 'x' }, { members: ['a'] }, { window: 17 }]) {
    expect(() => storeFirstConfiguration(folder, { ...first, ...other })).toThrow(
      AnotherClusterError,
    );
  }
  expect(contents()).toEqual(before);
});

test('one that was cut short while it was stored was not told', () => {
  fs.writeFileSync(`${file}.new`, '{"clus');
  expect(readFirstConfiguration(folder)).toBeUndefined();
  expect(storeFirstConfiguration(folder, first)).toEqual(first);
});

test('a changed one is damage, and is not replaced', () => {
  storeFirstConfiguration(folder, first);
  const changed = fs.readFileSync(file, 'utf8').replace('"d"', '"e"');
  fs.writeFileSync(file, changed);
  expect(() => readFirstConfiguration(folder)).toThrow(DamageError);
  expect(() => storeFirstConfiguration(folder, first)).toThrow(DamageError);
  expect(fs.readFileSync(file, 'utf8')).toBe(changed);
});

test.each(['log', 'state.mdb'])(
  'a missing one beside %s is damage: it is not told again',
  (name) => {
    fs.writeFileSync(path.join(folder, name), '');
    expect(() => readFirstConfiguration(folder)).toThrow(DamageError);
    expect(() => storeFirstConfiguration(folder, first)).toThrow(DamageError);
    expect(fs.readdirSync(folder)).toEqual([name]);
  },
);
