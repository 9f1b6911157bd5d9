import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NotADataFolderError, openDataFolder } from '../../../node/src/storage/data-folder.ts';
import { subjectToken } from '../../../contract/src/subjects.ts';
import { ForeignDataError, FormatError } from '../../../node/src/storage/format-error.ts';

const identity = { cluster: 'local/test', memberId: 'a' };
let folder: string;

beforeEach(() => {
  folder = path.join(fs.mkdtempSync(path.join(tmpdir(), 'synod-data-')), 'made', 'here');
});
afterEach(() => fs.rmSync(path.resolve(folder, '../..'), { recursive: true }));

function contents(): Record<string, string> {
  const names = fs.readdirSync(folder).sort();
  return Object.fromEntries(
    names.map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]),
  );
}

/** Opening refuses it, and changes nothing. */
function expectRefused(error: unknown, as = identity): void {
  const before = contents();
  expect(() => openDataFolder(folder, as)).toThrow(error as Error);
  expect(contents()).toEqual(before);
}

function edit(change: Record<string, unknown>): void {
  const file = path.join(folder, 'identity.json');
  const before = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>;
  fs.writeFileSync(file, JSON.stringify({ ...before, ...change }));
}

test('a new folder is made and formatted; the same member opens it again', () => {
  openDataFolder(folder, identity);
  expect(JSON.parse(contents()['identity.json'] ?? '')).toMatchObject(identity);
  openDataFolder(folder, identity);
});

test('without an id, a new folder gets one that nobody had, and keeps it; an emptied one another', () => {
  const { cluster } = identity;
  const ids = new Set<string>();
  for (let round = 0; round < 20; round++) {
    const opened = openDataFolder(folder, { cluster });
    const { memberId } = opened;
    expect(memberId).toMatch(subjectToken);
    const again = openDataFolder(folder, { cluster });
    expect(again.memberId).toBe(memberId);
    ids.add(memberId);
    fs.rmSync(folder, { recursive: true });
  }
  expect(ids.size).toBe(20);
});

test("another cluster's or member's is refused", () => {
  openDataFolder(folder, identity);
  expectRefused(ForeignDataError, { ...identity, cluster: 'local/other' });
  expectRefused(ForeignDataError, { ...identity, memberId: 'b' });
});

test('one of a newer or older format is refused', () => {
  openDataFolder(folder, identity);
  for (const format of [3, 1]) {
    edit({ format });
    expectRefused(FormatError);
  }
  expectRefused('has format 1, and this version of Synod reads from 2 on.');
});

test('a folder with something else in it is refused', () => {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'holiday.jpg'), 'sun');
  expectRefused(NotADataFolderError);
  fs.writeFileSync(path.join(folder, 'identity.json'), 'no JSON');
  expectRefused(NotADataFolderError);
});

test('a folder whose formatting was cut short is formatted', () => {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'identity.json.new'), '{"form');
  openDataFolder(folder, identity);
  expect(JSON.parse(contents()['identity.json'] ?? '')).toMatchObject(identity);
});
