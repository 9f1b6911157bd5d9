import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  keepNewest,
  keptName,
  removeLeft,
  type KeptSnapshots,
} from '../../../cli/src/local/kept-snapshots.ts';
import { FolderShelf } from '../../../cli/src/places/folder-shelf.ts';
import { SnapshotEncoder } from '../../../contract/src/snapshot-file.ts';

let folder: string;
let shelf: FolderShelf;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-kept-'));
  shelf = new FolderShelf(folder);
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const nameOf = (day: number, cluster = 'a'): string =>
  keptName(cluster, new Date(Date.UTC(2030, 0, day, 2, 30, 5, 999)));

function bytesOf(slot: number, from: { namespace?: string; clusterId?: string } = {}): Buffer {
  const encoder = new SnapshotEncoder();
  const machine = { name: 'chat-log', version: 1 };
  const about = { version: '1', namespace: 'local', cluster: 'a', clusterId: 'x', ...from };
  const of = { member: 'm', name: 'n0', time: 'now', digests: {} };
  const header = encoder.header({ ...about, machine, slot, ...of });
  const entry = encoder.entry({ table: 't', key: 'k', value: Buffer.from('value') });
  return Buffer.concat([header, entry, encoder.end()]);
}

function put(name: string, bytes: Buffer = bytesOf(7)): string {
  fs.writeFileSync(path.join(folder, name), bytes);
  return name;
}

function flipped(): Buffer {
  const bytes = bytesOf(7);
  bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
  return bytes;
}

const there = (): string[] => fs.readdirSync(folder).sort();

async function keep(name: string, count: number, before = there()): Promise<KeptSnapshots> {
  const { header } = await shelf.place(name).verify();
  return keepNewest(shelf, { name, header }, count, before);
}

test('names are in the order of time', () => {
  expect(nameOf(1)).toBe('a-20300101T023005Z.snapshot');
  expect([nameOf(9), nameOf(10), nameOf(2)].sort()).toEqual([nameOf(2), nameOf(9), nameOf(10)]);
});

test('the newest whole ones stay, and no others', async () => {
  const names = [1, 2, 3, 4].map((day) => put(nameOf(day)));
  const [first, second, third, fourth] = names;
  const kept = await keep(fourth ?? '', 2);
  expect(kept).toEqual({ whole: [fourth, third], damaged: [], removed: [second, first] });
  expect(there()).toEqual([third, fourth]);
  expect((await keep(fourth ?? '', 2)).removed).toEqual([]);
});

test('one that is damaged is said, counts for nothing, and stays', async () => {
  put(nameOf(1));
  put(nameOf(2));
  put(nameOf(3), flipped());
  put(nameOf(4), Buffer.alloc(0));
  fs.mkdirSync(path.join(folder, nameOf(5)));
  put(nameOf(6));
  const { whole, damaged, removed } = await keep(nameOf(6), 2);
  expect(whole).toEqual([nameOf(6), nameOf(2)]);
  expect(removed).toEqual([nameOf(1)]);
  expect(damaged.map(({ name }) => name)).toEqual([5, 4, 3].map((day) => nameOf(day)));
  const [unreadable, empty, changed] = damaged.map(({ why }) => why);
  expect(unreadable).toMatch(/^It cannot be read: EISDIR.*\.$/);
  expect(empty).toBe('It is damaged: its end is missing.');
  expect(changed).toMatch(/^It is damaged: .*\.$/);
  expect(there()).toEqual([2, 3, 4, 5, 6].map((day) => nameOf(day)));
});

test('what is not under its name what was saved is said: nothing was kept yet', async () => {
  const file = path.join(folder, nameOf(4));
  const place = shelf.place(nameOf(4));
  const saves = (bytes: Buffer) =>
    place.save(async () => {
      put(nameOf(4));
      const saved = await place.verify();
      fs.writeFileSync(file, bytes);
      return saved;
    });
  await expect(saves(flipped())).rejects.toThrow('It is damaged');
  await expect(saves(bytesOf(8))).rejects.toThrow('another one');
  expect(await saves(bytesOf(7))).toEqual(await place.verify());
});

test('the new one stays, also when the clock was put back', async () => {
  put(nameOf(8));
  put(nameOf(9));
  const kept = await keep(put(nameOf(1)), 2);
  expect(kept).toEqual({ whole: [nameOf(1), nameOf(9)], damaged: [], removed: [nameOf(8)] });
});

test('what has another name is nobody’s to remove', async () => {
  const others = [
    'notes.txt',
    'a.snapshot',
    'a-before-the-upgrade.snapshot',
    'a-20300101T023005Z.snapshot.old',
    'a-20300101T023005Z.snapshot.1234.unfinished',
    'b-20300101T023005Z.snapshot.12345678.unfinished',
    nameOf(1, 'a-b'),
    nameOf(1, 'b'),
  ].map((name) => put(name, Buffer.from('mine')));
  for (const name of others) fs.utimesSync(path.join(folder, name), 0, 0);
  const kept = await keep(put(nameOf(2)), 1);
  expect(kept).toEqual({ whole: [nameOf(2)], damaged: [], removed: [] });
  expect(there()).toEqual([...others, nameOf(2)].sort());
});

test('what a run left that was killed goes after a day', async () => {
  const left = [1, 2].map((day) => put(`${nameOf(day)}.0123abcd.unfinished`, Buffer.from('half')));
  fs.utimesSync(path.join(folder, left[0] ?? ''), 0, 0);
  expect(await removeLeft(shelf, 'a')).toEqual([left[0]]);
  expect(there()).toEqual([left[1]]);
  expect(await removeLeft(shelf, 'a')).toEqual([]);
});

test('two that are saved at the same time do not remove one another’s', async () => {
  const before = [put(nameOf(1))];
  const [one, other] = [put(nameOf(2)), put(nameOf(3))];
  expect(await keep(one, 1, before)).toEqual({ whole: [one], damaged: [], removed: before });
  expect(await keep(other, 1, before)).toEqual({ whole: [other], damaged: [], removed: [] });
  expect(there()).toEqual([one, other]);
});

test('what another run removed or finished meanwhile is no failure', async () => {
  const gone = [nameOf(1), nameOf(2), `${nameOf(3)}.0123abcd.unfinished`];
  const kept = await keep(put(nameOf(4)), 1, gone);
  expect(kept).toEqual({ whole: [nameOf(4)], damaged: [], removed: [] });
});

test('one of another namespace’s cluster of that name is said, counts for nothing, and stays', async () => {
  put(nameOf(1), bytesOf(9, { namespace: 'other', clusterId: 'z' }));
  put(nameOf(2));
  const { whole, damaged, removed } = await keep(put(nameOf(3)), 1);
  expect([whole, removed]).toEqual([[nameOf(3)], [nameOf(2)]]);
  const why = 'It is of the cluster a in the namespace other.';
  expect(damaged).toEqual([{ name: nameOf(1), why }]);
  expect(there()).toEqual([nameOf(1), nameOf(3)]);
});

test('where a clock was ahead for a while, the newest stay all the same', async () => {
  put(nameOf(20), bytesOf(5));
  put(nameOf(21), bytesOf(6));
  for (const day of [1, 2, 3]) await keep(put(nameOf(day), bytesOf(6 + day)), 2);
  expect(there()).toEqual([nameOf(2), nameOf(3)]);
});

test('those of an earlier cluster of that name are said, count for nothing, and stay', async () => {
  put(nameOf(20), bytesOf(50, { clusterId: 'y' }));
  put(nameOf(1), bytesOf(1));
  const { damaged, removed } = await keep(put(nameOf(2), bytesOf(2)), 1);
  expect(damaged).toEqual([{ name: nameOf(20), why: 'It is of an earlier cluster of that name.' }]);
  expect(removed).toEqual([nameOf(1)]);
  expect(there()).toEqual([nameOf(2), nameOf(20)]);
});

test('a pipe is none of them, whatever its name', async () => {
  put(nameOf(1));
  execFileSync('mkfifo', [path.join(folder, nameOf(2)), path.join(folder, 'pipe')]);
  fs.symlinkSync('pipe', path.join(folder, nameOf(3)));
  expect(await shelf.names()).toEqual([nameOf(1)]);
});
