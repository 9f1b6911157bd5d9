import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { parseConfig } from '../../../node/src/config.ts';
import { NodeData } from '../../../node/src/service/node-data.ts';
import { DamageError } from '../../../node/src/storage/damage.ts';
import { NotADataFolderError, openDataFolder } from '../../../node/src/storage/data-folder.ts';
import { DiskError } from '../../../node/src/storage/disk-error.ts';
import { writeDurably } from '../../../node/src/storage/durable-file.ts';
import { FolderLock } from '../../../node/src/storage/folder-lock.ts';
import { LockError } from '../../../node/src/storage/lock-file.ts';

/* A folder, a pipe, a device, a link that leads nowhere where a file has to be, and files that are
 * larger than any. Each is said at once, and nothing waits for a pipe. */

const CLUSTER = 'local/test';
let folder: string;
let data: string;
beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-kinds-'));
  data = path.join(folder, 'data');
  await life();
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A member that was told its cluster, and has run. */
async function life(): Promise<void> {
  const { memberId } = openDataFolder(data, { cluster: CLUSTER });
  const opened = open();
  opened.tell({ clusterId: 'c', members: [memberId], window: 64 });
  await written(opened);
  await opened.close();
}

function written({ storage }: NodeData): Promise<void> {
  return new Promise((resolve, reject) => {
    const records = [{ type: 'ballot', ballot: { round: 1, leader: 'a' } } as const];
    storage?.opened.log.append(records, (error) => (error ? reject(error) : resolve()));
  });
}

function open(): NodeData {
  const flags = ['--name=n0', '--cluster=test', '--namespace=local', `--data=${data}`];
  const config = parseConfig(flags, {});
  const found = openDataFolder(data, { cluster: CLUSTER });
  const opened = new NodeData(found, config, pino({ level: 'silent' }), () => undefined);
  opened.open();
  return opened;
}

const kinds: [string, (file: string) => void][] = [
  ['folder', (file) => fs.mkdirSync(file)],
  ['named pipe', (file) => void execFileSync('mkfifo', [file])],
  ['device', (file) => fs.symlinkSync('/dev/zero', file)],
  ['link that leads nowhere', (file) => fs.symlinkSync('/nowhere', file)],
];

describe.each(kinds)('a %s', (kind, make) => {
  test.each([
    'identity.json',
    'first-configuration.json',
    'log/superblock',
    'log/00000001.log',
    'log/00000002.log',
  ])('in the place of %s is damage that names it; it is left alone', (name) => {
    const file = path.join(data, name);
    fs.rmSync(file, { force: true });
    make(file);
    const sentence = `${path.basename(file)} is damaged at its name: a ${kind} is there, where a file`;
    expect(open).toThrow(sentence);
    expect(open).toThrow(DamageError);
    expect(fs.lstatSync(file).isFile()).toBe(false);
  });

  test('in the place of the state is set aside, and costs no vote', async () => {
    const file = path.join(data, 'state.mdb');
    fs.rmSync(file);
    make(file);
    const opened = open();
    expect(opened.keptState).toBe('state.damaged.mdb');
    expect(fs.statSync(file).isFile()).toBe(true);
    await opened.close();
  });

  test.each(['state.verified.mdb', 'state.mdb-lock'])(
    'in the place of %s goes: it costs neither the vote nor the state',
    async (name) => {
      make(path.join(data, name));
      const opened = open();
      expect(opened.keptState).toBeUndefined();
      expect(opened.storage).toBeDefined();
      expect(opened.storage?.state.facts.origin).not.toBe('anew');
      expect(fs.readdirSync(data)).not.toContain(name);
      await opened.close();
    },
  );

  test('in the place of a lock is refused, and said', async () => {
    for (const file of [`${data}.lock`, path.join(data, 'lock')]) {
      if (kind === 'link that leads nowhere') continue; // It is made there.
      make(file);
      const taken = FolderLock.take(data, 'n0', () => undefined);
      await expect(taken).rejects.toThrow(`${file} cannot be locked: a ${kind} is there, and no`);
      await expect(FolderLock.take(data, 'n0', () => undefined)).rejects.toThrow(LockError);
      fs.rmSync(file, { recursive: true });
    }
  });

  test('in the place of a file that is to be written anew keeps nobody waiting', () => {
    const file = path.join(folder, 'some.json');
    make(`${file}.new`);
    if (kind === 'folder') {
      return expect(() => writeDurably(file, 'text')).toThrow(
        'some.json.new is damaged at its name: a folder is there, where a file has to be. Move it',
      );
    }
    writeDurably(file, 'text');
    expect(fs.readFileSync(file, 'utf8')).toBe('text');
  });
});

test.each(['file', ...kinds.slice(1).map(([kind]) => kind)])(
  'a %s in the place of the log is damage; without an identity, it is no data folder',
  async (kind) => {
    const log = path.join(data, 'log');
    fs.rmSync(log, { recursive: true });
    const make = kinds.find(([each]) => each === kind)?.[1];
    if (make === undefined) fs.writeFileSync(log, 'a log of another program');
    else make(log);
    expect(open).toThrow(
      `log is damaged at its name: a ${kind} is there, where a folder has to be`,
    );
    expect(open).toThrow(DamageError);
    fs.rmSync(path.join(data, 'identity.json'));
    const other = FolderLock.take(data, 'n0', () => undefined);
    await expect(other).rejects.toThrow(NotADataFolderError);
  },
);

test('an identity alone, or without its superblock, is a loss; nothing is made', () => {
  for (const name of fs.readdirSync(data)) {
    if (name !== 'identity.json' && name !== 'log') {
      fs.rmSync(path.join(data, name), { recursive: true });
    }
  }
  fs.rmSync(path.join(data, 'log', 'superblock'));
  expect(open).toThrow('superblock is damaged at the file: it is missing');
  fs.rmSync(path.join(data, 'log'), { recursive: true });
  expect(open).toThrow('log is damaged at the folder: it is missing');
  expect(fs.readdirSync(data)).toEqual(['identity.json']);
});

test.each([
  ['identity.json', 2 ** 40],
  ['identity.json', 5000],
  ['first-configuration.json', 2 ** 40],
  ['log/00000001.log', 2 ** 40],
  ['log/00000002.log', 2 ** 40],
])('%s with %d bytes is not read to its end', (name, bytes) => {
  const file = path.join(data, name);
  fs.closeSync(fs.openSync(file, 'a'));
  fs.truncateSync(file, bytes);
  expect(open).toThrow(`${path.basename(file)} is damaged at its end: it has ${bytes} bytes`);
});

test('what this user may not read or write is said with what to do', () => {
  const denied = Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' });
  expect(new DiskError('identity.json', 'opened', denied).message).toBe(
    'identity.json could not be opened: EACCES: permission denied, open. ' +
      'Let this user read and write it (chown, chmod), then start it again.',
  );
});

test('a folder with the name of an identity that was not finished makes it no new data folder', async () => {
  fs.rmSync(data, { recursive: true });
  fs.mkdirSync(path.join(data, 'identity.json.new'), { recursive: true });
  const taken = FolderLock.take(data, 'n0', () => undefined);
  await expect(taken).rejects.toThrow(NotADataFolderError);
  expect(open).toThrow(NotADataFolderError);
});

test('a state that is a link to itself is said once', () => {
  const file = path.join(data, 'state.mdb');
  fs.rmSync(file);
  fs.symlinkSync(file, file);
  expect(open).toThrow(DiskError);
  expect(open).toThrow(
    /^\S+state\.mdb could not be opened: ELOOP[^.]*'\S+'\. Mend the link, then start it again\.$/,
  );
});
