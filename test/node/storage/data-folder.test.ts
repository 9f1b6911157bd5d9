import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { NotADataFolderError, openDataFolder } from '../../../node/src/storage/data-folder.ts';
import { subjectToken } from '../../../contract/src/subjects.ts';
import { DiskError } from '../../../node/src/storage/disk-error.ts';
import { openSegmentLog } from '../../../node/src/storage/log-opening.ts';
import { formatLog, hasRun, logFolderOf } from '../../../node/src/storage/member-log.ts';
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

function makeSuperblock(content: Buffer, name = 'superblock'): void {
  fs.mkdirSync(path.join(folder, 'log'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'log', name), content);
}

/** So many bytes of what a new member's has. */
function firstSuperblock(bytes: number): Buffer {
  formatLog(logFolderOf(folder), 'nobody');
  return fs.readFileSync(path.join(folder, 'log', 'superblock')).subarray(0, bytes);
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
  ['while it made the superblock', () => makeSuperblock(Buffer.alloc(9, 'x'), 'superblock.new')],
  ['after it made the log', () => formatLog(logFolderOf(folder), 'nobody')],
  ['before anything was in the superblock', () => makeSuperblock(Buffer.alloc(0))],
  ['by a power cut, which left zeros in it', () => makeSuperblock(Buffer.alloc(4608))],
  ['and less than all of those', () => makeSuperblock(Buffer.alloc(4096))],
  ['by a full disk, which left less than a block', () => makeSuperblock(firstSuperblock(100))],
  ['by a full disk, which left the first block', () => makeSuperblock(firstSuperblock(4096))],
])('a folder whose formatting was cut short is formatted: %s', (_, begin) => {
  fs.mkdirSync(folder, { recursive: true });
  begin();
  fs.writeFileSync(path.join(folder, 'identity.json.new'), '{"form');
  expect(openDataFolder(folder, identity).damage).toBeUndefined();
  expect(JSON.parse(contents()['identity.json'] ?? '')).toMatchObject(identity);
  expect(hasRun(logFolderOf(folder), identity.memberId)).toBe(false);
  expect(openDataFolder(folder, identity).damage).toBeUndefined();
});

/** A member that has run. */
function run(): void {
  const state = { slotOut: 0, logEnd: 0 };
  const { memberId } = openDataFolder(folder, identity);
  openSegmentLog({ folder: logFolderOf(folder), clusterId: 'c', memberId, state });
}

test.each([
  ['empty', (whole: Buffer) => whole.subarray(0, 0)],
  ['all zeros', (whole: Buffer) => whole.fill(0)],
  ['short', (whole: Buffer) => whole.subarray(0, 4096)],
])('a superblock that became %s is damage, while anything else is there', (_, change) => {
  run();
  const superblock = path.join(folder, 'log', 'superblock');
  const identityFile = path.join(folder, 'identity.json');
  const segment = path.join(folder, 'log', '00000001.log');
  fs.writeFileSync(segment, '');
  fs.writeFileSync(superblock, change(fs.readFileSync(superblock)));
  const text = fs.readFileSync(identityFile);
  fs.rmSync(identityFile);
  expect(openDataFolder(folder, identity).damage?.message).toMatch('identity.json is damaged');
  fs.rmSync(segment);
  fs.writeFileSync(path.join(folder, 'state.mdb'), '');
  expect(openDataFolder(folder, identity).damage?.message).toMatch('identity.json is damaged');
  fs.rmSync(path.join(folder, 'state.mdb'));
  fs.writeFileSync(identityFile, text);
  expect(openDataFolder(folder, identity).damage).toBeUndefined();
  expect(() => hasRun(logFolderOf(folder), 'a')).toThrow('superblock is damaged');
});

test('a superblock of a run, or with anything strange in it, is of no folder that is new', () => {
  run();
  const superblock = path.join(folder, 'log', 'superblock');
  const whole = fs.readFileSync(superblock);
  fs.rmSync(path.join(folder, 'identity.json'));
  const strange = Buffer.alloc(4608);
  strange[600] = 1;
  const garbage = Buffer.alloc(4096, 7);
  for (const content of [whole, strange, garbage, Buffer.alloc(4609)]) {
    fs.writeFileSync(superblock, content);
    expect(openDataFolder(folder, identity).damage?.message).toMatch('identity.json is damaged');
  }
});

test('whatever call a full disk refuses while a folder is formatted, the next start formats it', () => {
  const calls = ['openSync', 'writeFileSync', 'fsyncSync', 'renameSync'] as const;
  const full = (): never => {
    throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
  };
  let refused = 0;
  for (const name of calls) {
    const call = fs[name] as (...args: unknown[]) => unknown;
    for (let passing = 0, isOver = false; !isOver; passing += 1) {
      let left = passing;
      const limited = (...args: unknown[]): unknown => (left-- > 0 ? call(...args) : full());
      Object.assign(fs, { [name]: limited });
      try {
        openDataFolder(folder, identity);
        isOver = true;
      } catch (error) {
        expect(String(error)).toContain('ENOSPC');
        refused += 1;
      } finally {
        Object.assign(fs, { [name]: call });
      }
      expect(openDataFolder(folder, identity).damage).toBeUndefined();
      expect(hasRun(logFolderOf(folder), identity.memberId)).toBe(false);
      fs.rmSync(folder, { recursive: true });
    }
  }
  expect(refused).toBeGreaterThan(10);
});

test('a write of which the system takes only a part at a time is made whole', () => {
  run();
  const log = logFolderOf(folder);
  const write = fs.writeSync as (...args: unknown[]) => number;
  const partly = (handle: number, data: Buffer, at: number, _bytes: number, to: number): number =>
    write(handle, data, at, 1, to);
  Object.assign(fs, { writeSync: partly });
  try {
    log.writeNow('superblock', 3, Buffer.from('whole'));
    log.erase('superblock', 100, 140);
  } finally {
    Object.assign(fs, { writeSync: write });
  }
  const found = fs.readFileSync(path.join(folder, 'log', 'superblock'));
  expect(found.subarray(3, 8).toString()).toBe('whole');
  expect(found.subarray(100, 140)).toEqual(Buffer.alloc(40));
  log.close();
});
