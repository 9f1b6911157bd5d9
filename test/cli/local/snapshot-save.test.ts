import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Admin } from '../../../client/src/admin.ts';
import type { SnapshotPart } from '../../../client/src/snapshot.ts';
import { SynodError } from '../../../contract/src/synod-error.ts';
import { NotBlankError, placeSnapshot } from '../../../cli/src/local/restore.ts';
import { saveSnapshot, type SaveOptions } from '../../../cli/src/local/snapshot-save.ts';
import { UnfinishedFile } from '../../../cli/src/local/unfinished-file.ts';
import { SnapshotEncoder, verifySnapshot } from '../../../contract/src/snapshot-file.ts';
import type { MemberStatus } from '../../../contract/src/status.ts';

const PART_BYTES = 100;

function bytesOf(member: string): Buffer {
  const encoder = new SnapshotEncoder();
  const machine = { name: 'chat-log', version: 1 };
  const about = { version: '1', namespace: 'local', cluster: 'c', clusterId: 'old' };
  const header = { ...about, machine, slot: 7, member, name: member, time: 'now', digests: {} };
  const pieces = [encoder.header(header)];
  for (let i = 100; i < 130; i++) {
    pieces.push(encoder.entry({ table: 't', key: `key ${i}`, value: Buffer.from(`value ${i}`) }));
  }
  return Buffer.concat([...pieces, encoder.end()]);
}

/** What comes of a member: its bytes, or some of them and then an error. */
type Source = () => { readonly bytes: Buffer; readonly then?: SynodError };
const whole = (member: string): Source => {
  return () => ({ bytes: bytesOf(member) });
};

/** Who was asked, in order. */
function clientOf(sources: Readonly<Record<string, Source>>): {
  client: Pick<Admin, 'status' | 'snapshot'>;
  asked: string[];
} {
  const asked: string[] = [];
  const members = Object.keys(sources);
  const status = (): Promise<MemberStatus[]> =>
    Promise.resolve(
      members.map((member) => {
        const role = member === 'leader' ? 'leader' : 'follower';
        return {
          member,
          name: member,
          role,
          ready: true,
          voters: members,
        } as unknown as MemberStatus; // `saveSnapshot` looks at no more of it.
      }),
    );
  async function* snapshot(member: string): AsyncGenerator<SnapshotPart> {
    asked.push(member);
    const { bytes, then } = sources[member]?.() ?? { bytes: Buffer.alloc(0) };
    for (let at = 0; at * PART_BYTES < bytes.length; at++) {
      const end = (at + 1) * PART_BYTES;
      const digest = createHash('sha256').update(bytes.subarray(0, end)).digest('hex');
      const isLast = then === undefined && end >= bytes.length;
      const part = bytes.subarray(at * PART_BYTES, end);
      yield await Promise.resolve({ at, bytes: part, digest, isLast, entries: at, of: 9 });
    }
    if (then !== undefined) throw then;
  }
  return { client: { status, snapshot }, asked };
}

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-save-'));
  file = path.join(folder, 'a.snapshot');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function save(client: Pick<Admin, 'status' | 'snapshot'>, more: Partial<SaveOptions> = {}) {
  return saveSnapshot(client, {
    ...{ file, force: false, local: false, timeoutMs: 100 },
    signal: new AbortController().signal,
    progress: () => undefined,
    say: () => undefined,
    ...more,
  });
}

const gone = new SynodError('TIMED_OUT');

test('who does not lead is asked; the file is whole, and nothing else is left', async () => {
  const { client, asked } = clientOf({ leader: whole('leader'), b: whole('b') });
  const seen: [number, number][] = [];
  const saved = await save(client, { progress: (bytes, of) => seen.push([bytes, of]) });
  expect(asked).toEqual(['b']);
  expect(verifySnapshot(file)).toEqual(saved);
  expect(fs.readdirSync(folder)).toEqual(['a.snapshot']);
  expect(seen.at(-1)).toEqual([saved.bytes, saved.bytes]);
});

test('a member that goes in the middle: it begins anew with another one, of whom all of it is', async () => {
  const half = (): ReturnType<Source> => ({ bytes: bytesOf('b').subarray(0, 300), then: gone });
  const { client, asked } = clientOf({ b: half, leader: whole('leader') });
  const saved = await save(client);
  expect(asked).toEqual(['b', 'leader']);
  expect(saved.header.member).toBe('leader');
  expect(verifySnapshot(file)).toEqual(saved);
});

test('all members go: it ends, with no file', async () => {
  const half = (): ReturnType<Source> => ({ bytes: bytesOf('b').subarray(0, 300), then: gone });
  const { client, asked } = clientOf({ b: half, c: half });
  await expect(save(client)).rejects.toMatchObject({ code: 'TIMED_OUT' });
  expect(asked.length).toBeLessThan(9);
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('what begins again and again ends, too, however long something may not come', async () => {
  const half = (): ReturnType<Source> => ({ bytes: bytesOf('b').subarray(0, 300), then: gone });
  const { client, asked } = clientOf({ b: half });
  await expect(save(client, { timeoutMs: 600_000 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  expect(asked).toHaveLength(8);
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('a bit that flips on the way to the file is found: the next try is saved', async () => {
  let tries = 0;
  const flipping = (): ReturnType<Source> => {
    const bytes = bytesOf('b');
    tries += 1;
    if (tries === 1) bytes[250] = (bytes[250] ?? 0) ^ 4;
    return { bytes };
  };
  const { client } = clientOf({ b: flipping });
  const saved = await save(client);
  expect(tries).toBe(2);
  expect(verifySnapshot(file)).toEqual(saved);
});

test('who is not allowed is told at once; nobody else is asked', async () => {
  const denied = new SynodError('NOT_ALLOWED');
  const { client, asked } = clientOf({
    b: () => ({ bytes: Buffer.alloc(0), then: denied }),
    c: whole('c'),
  });
  await expect(save(client)).rejects.toBe(denied);
  expect(asked).toEqual(['b']);
});

test('a file that is there stays, but by force', async () => {
  const { client } = clientOf({ b: whole('b') });
  fs.writeFileSync(file, 'mine');
  await expect(save(client)).rejects.toThrow('is there already');
  expect(fs.readFileSync(file, 'utf8')).toBe('mine');
  await save(client, { force: true });
  verifySnapshot(file);
  expect(fs.readdirSync(folder)).toEqual(['a.snapshot']);
});

test('a file that comes meanwhile stays, too', async () => {
  const { client } = clientOf({ b: whole('b') });
  const saving = save(client, { progress: () => fs.writeFileSync(file, 'mine') });
  await expect(saving).rejects.toThrow('is there already');
  expect(fs.readFileSync(file, 'utf8')).toBe('mine');
  expect(fs.readdirSync(folder)).toEqual(['a.snapshot']);
});

test('where a filesystem has no links it is saved, too, and takes the place of nothing', async () => {
  const { client } = clientOf({ b: whole('b') });
  const error = Object.assign(new Error('no links'), { code: 'EPERM' });
  const linking = import.meta.jest.spyOn(fs, 'linkSync').mockImplementation(() => {
    throw error;
  });
  try {
    await save(client);
    verifySnapshot(file);
    const late = path.join(folder, 'b.snapshot');
    const unfinished = new UnfinishedFile(late, false);
    fs.writeFileSync(late, 'mine');
    expect(() => unfinished.finish(false)).toThrow('is there already');
    expect(fs.readFileSync(late, 'utf8')).toBe('mine');
    expect(fs.readdirSync(folder)).toEqual(['a.snapshot', 'b.snapshot']);
    expect(linking).toHaveBeenCalledTimes(2);
  } finally {
    linking.mockRestore();
  }
});

test('who interrupts it finds no file', async () => {
  const { client } = clientOf({ b: whole('b') });
  const interrupt = new AbortController();
  const progress = (): void => interrupt.abort();
  await expect(save(client, { signal: interrupt.signal, progress })).rejects.toThrow('interrupted');
  expect(fs.readdirSync(folder)).toEqual([]);
});

test('a snapshot is placed in blank folders, again if need be; one that holds something is left alone', () => {
  fs.writeFileSync(file, bytesOf('b'));
  const folders = ['n0', 'n1'].map((name) => path.join(folder, name));
  const snapshot = placeSnapshot(file, folders);
  expect(placeSnapshot(file, folders)).toEqual(snapshot);
  for (const each of folders) {
    expect(fs.readdirSync(each)).toEqual(['restore.snapshot']);
    expect(verifySnapshot(path.join(each, 'restore.snapshot'))).toEqual(snapshot);
  }
  fs.writeFileSync(path.join(folder, 'n1', 'identity.json'), '{}');
  fs.rmSync(path.join(folder, 'n0'), { recursive: true });
  expect(() => placeSnapshot(file, folders)).toThrow(NotBlankError);
  expect(fs.existsSync(path.join(folder, 'n0'))).toBe(false);
  fs.writeFileSync(file, bytesOf('b').subarray(1));
  expect(() => placeSnapshot(file, [path.join(folder, 'n2')])).toThrow('It is not a snapshot.');
  expect(fs.existsSync(path.join(folder, 'n2'))).toBe(false);
});
