import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FolderError, makeFolder } from '../../host/src/folder.ts';

let root: string;
beforeEach(() => (root = fs.mkdtempSync(path.join(tmpdir(), 'synod-folder-'))));
afterEach(() => fs.rmSync(root, { recursive: true }));

test('a folder is made with those above it, which are named; one that is there stays', () => {
  const [above, folder] = [path.join(root, 'a'), path.join(root, 'a', 'b')];
  expect(makeFolder(folder)).toEqual([above, folder]);
  fs.writeFileSync(path.join(folder, 'file'), '');
  expect(makeFolder(folder)).toEqual([]);
  expect(fs.readdirSync(folder)).toEqual(['file']);
});

test('a folder that cannot be made is named, at once', () => {
  const file = path.join(root, 'file');
  fs.writeFileSync(file, '');
  fs.symlinkSync(path.join(root, 'nowhere'), path.join(root, 'dangling'));
  fs.symlinkSync('ring', path.join(root, 'ring'));
  const below = ['file', 'dangling', 'ring'].map((name) => path.join(root, name, 'x'));
  // Where Node's own way of it never ends.
  for (const folder of ['/proc/x', '/proc/self/x/y', file, ...below]) {
    expect(() => makeFolder(folder)).toThrow(FolderError);
    expect(() => makeFolder(folder)).toThrow(`The folder ${folder} cannot be made: `);
  }
});
