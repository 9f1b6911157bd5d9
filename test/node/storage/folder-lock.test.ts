import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { FolderError } from '../../../host/src/folder.ts';
import { NotADataFolderError, openDataFolder } from '../../../node/src/storage/data-folder.ts';
import {
  FolderInUseError,
  FolderLock,
  type FolderWait,
} from '../../../node/src/storage/folder-lock.ts';
import { LockError } from '../../../node/src/storage/lock-file.ts';

/* Two processes and one data folder; also see test/journeys/folder-lock.test.ts. */

let root: string;
let folder: string;
beforeEach(() => {
  root = fs.realpathSync(fs.mkdtempSync(path.join(tmpdir(), 'synod-lock-')));
  folder = path.join(root, 'above', 'data');
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function take(data = folder, waits: (wait: FolderWait) => void = fail): Promise<FolderLock> {
  return FolderLock.take(data, 'n0', waits);
}

function fail(): never {
  throw new Error('it waited');
}

const lockedBy = (): Record<string, unknown> =>
  JSON.parse(fs.readFileSync(`${folder}.lock`, 'utf8')) as Record<string, unknown>;

/** A process that has locked a file, and does nothing until it is ended. */
async function locker(file: string): Promise<ChildProcess> {
  const code = `
    const file = require('node:fs').openSync(${JSON.stringify(file)}, 'a+');
    if (require('fs-native-extensions').tryLock(file)) process.send('locked');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['-e', code], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('a folder is made and locked, and says who has it', async () => {
  const lock = await take();
  expect(lock.path).toBe(folder);
  expect(lockedBy()).toMatchObject({ name: 'n0', pid: process.pid, host: hostname() });
  await expect(take()).rejects.toThrow(FolderInUseError);
  await expect(take()).rejects.toThrow(`${folder} is in use by process ${process.pid}.`);
  lock.release();
  (await take()).release();
});

test('what is locked by nobody who can be seen is waited for, until it is free', async () => {
  fs.mkdirSync(folder, { recursive: true });
  const other = await locker(`${folder}.lock`);
  const elsewhere = { name: 'n0', pid: process.pid, host: 'elsewhere', since: 'then', start: '1' };
  const holder = { ...elsewhere, processes: 'of another kernel' };
  fs.writeFileSync(`${folder}.lock`, JSON.stringify(holder));
  const waits: FolderWait[] = [];
  let ending: Promise<void> | undefined;
  const lock = await take(folder, (wait) => {
    if (waits.push(wait) === 3) ending = kill(other);
  });
  await ending;
  expect(waits.slice(0, 3)).toEqual(Array(3).fill({ folder, holder }));
  expect(lockedBy()).toMatchObject({ pid: process.pid });
  lock.release();
});

test('who has not said who it is, or has ended since, is waited for, too', async () => {
  fs.mkdirSync(folder, { recursive: true });
  const first = await take();
  const before = lockedBy();
  first.release();
  for (const said of ['', '{"pid": 1', JSON.stringify({ ...before, start: '1' })]) {
    const other = await locker(`${folder}.lock`);
    fs.writeFileSync(`${folder}.lock`, said);
    let ending: Promise<void> | undefined;
    const lock = await take(folder, () => void (ending ??= kill(other)));
    await ending;
    lock.release();
  }
});

test('under whatever name it is found, and where nothing beside it is shared, it is one', async () => {
  const lock = await take();
  fs.symlinkSync(folder, path.join(root, 'link'));
  fs.symlinkSync(path.join(root, 'above'), path.join(root, 'linked'));
  for (const other of ['link', 'link/', 'linked/data', 'above/../above/data']) {
    await expect(take(path.join(root, other))).rejects.toThrow(FolderInUseError);
  }
  // As where it is mounted: another folder is around it.
  const beside = `${folder}.lock`;
  fs.renameSync(beside, `${beside}.away`);
  await expect(take()).rejects.toThrow(FolderInUseError);
  lock.release();
});

test('a link whose folder a recovery was putting in its place leads to where it is to be', async () => {
  fs.mkdirSync(path.join(root, 'real'));
  fs.symlinkSync(path.join(root, 'real', 'data'), path.join(root, 'link'));
  openDataFolder(path.join(root, 'real', 'data.recovered'), { cluster: 'local/test' });
  fs.writeFileSync(path.join(root, 'real', 'data.recovered', 'recovered-from'), 'old\n');
  const lock = await take(path.join(root, 'link'));
  expect(lock.path).toBe(path.join(root, 'real', 'data'));
  expect(fs.existsSync(path.join(root, 'real', 'data', 'identity.json'))).toBe(true);
  lock.release();
});

test('a folder that another process makes at the same instant is no link', async () => {
  const looking = import.meta.jest.spyOn(fs, 'realpathSync').mockImplementationOnce(() => {
    fs.mkdirSync(folder);
    throw Object.assign(new Error('it is missing'), { code: 'ENOENT' });
  });
  const lock = await take();
  expect(looking).toHaveBeenCalledWith(folder);
  looking.mockRestore();
  expect(lock.path).toBe(folder);
  lock.release();
});

test('a recovery that was cut short is finished by whoever has the lock, once', async () => {
  const cluster = 'local/test';
  openDataFolder(folder, { cluster });
  const { memberId } = openDataFolder(`${folder}.recovered`, { cluster });
  fs.writeFileSync(path.join(`${folder}.recovered`, 'recovered-from'), 'old\n');
  fs.mkdirSync(`${folder}.recovering`);
  const other = await locker(`${folder}.lock`);
  let looks = 0;
  let ending: Promise<void> | undefined;
  const lock = await take(folder, () => {
    expect(fs.existsSync(`${folder}.recovered`)).toBe(true);
    expect(fs.existsSync(`${folder}.recovering`)).toBe(true);
    if ((looks += 1) === 2) ending = kill(other);
  });
  await ending;
  expect(openDataFolder(folder, { cluster }).memberId).toBe(memberId);
  expect(fs.readdirSync(path.dirname(folder)).sort()).toEqual([
    'data',
    'data.lock',
    'data.set-aside-old',
  ]);
  lock.release();
});

test('a folder with something else in it is refused, and nothing is written', async () => {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'holiday.jpg'), 'sun');
  await expect(take()).rejects.toThrow(NotADataFolderError);
  expect(fs.readdirSync(path.dirname(folder))).toEqual(['data']);
  expect(fs.readdirSync(folder)).toEqual(['holiday.jpg']);
});

test('a folder that cannot be made is named at once', async () => {
  for (const impossible of ['/proc/x/y', '/proc/self/x/y', '/dev/null/x']) {
    await expect(take(impossible)).rejects.toThrow(FolderError);
    await expect(take(impossible)).rejects.toThrow(
      /^The folder \/(proc|dev)\/\S+ cannot be made: /,
    );
  }
});

test('where no lock file can be made, the error names it, and what to do', async () => {
  // Nobody may make a file there, not even root.
  for (const [data, above] of [
    ['/sys/x', '/sys'],
    ['/proc/x', '/proc'],
  ] as const) {
    await expect(take(data)).rejects.toThrow(LockError);
    await expect(take(data)).rejects.toThrow(
      `Let this user write in ${above}, or choose a data folder inside another one.`,
    );
    await expect(take(data)).rejects.toThrow(`${data}.lock cannot be made: `);
  }
});
