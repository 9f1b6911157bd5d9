import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { NotADataFolderError, openDataFolder } from '../../../node/src/storage/data-folder.ts';
import { subjectToken } from '../../../contract/src/subjects.ts';
import { DiskError } from '../../../node/src/storage/disk-error.ts';
import { openSegmentLog } from '../../../node/src/storage/log-opening.ts';
import { formatLog, logFolderOf } from '../../../node/src/storage/member-log.ts';
import { ForeignDataError, FormatError } from '../../../node/src/storage/format-error.ts';

const identity = { cluster: 'local/test', memberId: 'a' };
let folder: string;

beforeEach(() => {
  folder = path.join(fs.mkdtempSync(path.join(tmpdir(), 'synod-data-')), 'made', 'here');
});
afterEach(() => fs.rmSync(path.resolve(folder, '../..'), { recursive: true }));

function contents(): Record<string, string> {
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
  const names = files
    .filter((file) => file.isFile())
    .map((file) => path.relative(folder, path.join(file.parentPath, file.name)))
    .sort();
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
  const newer = { format: 4, ...identity };
  edit({ ...newer, crc32: crc32(JSON.stringify(newer)).toString(16).padStart(8, '0') });
  expectRefused(FormatError);
  edit({ format: 1, crc32: undefined }); // It had none.
  expectRefused('has format 1, and this version of Synod reads from 2 on.');
});

test('any flipped bit of the identity is damage; the log knows whose the folder is', () => {
  openDataFolder(folder, identity);
  const file = path.join(folder, 'identity.json');
  const whole = fs.readFileSync(file);
  const { memberId } = identity;
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    fs.writeFileSync(file, flipped);
    const opened = openDataFolder(folder, identity);
    // White space may be another one.
    if (opened.damage === undefined) {
      expect(JSON.parse(flipped.toString())).toEqual(JSON.parse(whole.toString()));
    }
    expect(opened).toMatchObject({ memberId, isOld: false });
  }
  fs.writeFileSync(file, whole);
  openSegmentLog({
    folder: logFolderOf(folder),
    clusterId: 'c',
    memberId,
    state: { slotOut: 0, logEnd: 0 },
  });
  fs.rmSync(file); // Of a member that has run.
  const opened = openDataFolder(folder, identity);
  expect(opened.damage?.message).toMatch('identity.json is damaged at the file: it is missing');
  expect(opened.memberId).toBe(memberId);
});

test('an identity that cannot be read is named, and is no damage', () => {
  openDataFolder(folder, identity);
  const file = path.join(folder, 'identity.json');
  fs.rmSync(file);
  fs.symlinkSync(file, file);
  expectRefused(/identity\.json could not be opened: ELOOP.* Mend the link, then start it again/);
  expectRefused(DiskError);
});

test('a folder with something else in it is refused', () => {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'holiday.jpg'), 'sun');
  expectRefused(NotADataFolderError);
  fs.writeFileSync(path.join(folder, 'identity.json'), 'no JSON');
  expectRefused(NotADataFolderError);
});

test.each([
  ['before anything was in it', () => undefined],
  ['while it made the log', () => fs.mkdirSync(path.join(folder, 'log'))],
  ['after it made the log', () => formatLog(logFolderOf(folder), 'nobody')],
])('a folder whose formatting was cut short is formatted: %s', (_, begin) => {
  fs.mkdirSync(folder, { recursive: true });
  begin();
  fs.writeFileSync(path.join(folder, 'identity.json.new'), '{"form');
  openDataFolder(folder, identity);
  expect(JSON.parse(contents()['identity.json'] ?? '')).toMatchObject(identity);
});
