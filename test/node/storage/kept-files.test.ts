import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { parseConfig } from '../../../node/src/config.ts';
import { FileWatch } from '../../../node/src/service/file-watch.ts';
import { NodeData } from '../../../node/src/service/node-data.ts';
import { openDataFolder } from '../../../node/src/storage/data-folder.ts';
import { DiskFolder } from '../../../node/src/storage/disk-folder.ts';
import { KeptFiles, type Look, type LostFileError } from '../../../node/src/storage/kept-files.ts';

/* Files that go from their places while a process works on them. */

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-kept-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const changes: [string, string, (file: string) => void][] = [
  ['removed', 'it is no longer there', (file) => fs.rmSync(file)],
  ['renamed', 'it is no longer there', (file) => fs.renameSync(file, `${file}.old`)],
  ['replaced by a copy', 'another file has taken it', replace],
  ['replaced by a folder', 'another folder has taken it', replaceByFolder],
  ['replaced by a device', 'a device has taken it', replaceByDevice],
  ['cut off', 'it was cut to 3 of 8 bytes', (file) => fs.truncateSync(file, 3)],
  ['covered with its folder', 'it is no longer there', coverFolder],
];

function replace(file: string): void {
  fs.copyFileSync(file, `${file}.copy`);
  fs.renameSync(`${file}.copy`, file);
}

function replaceByFolder(file: string): void {
  fs.rmSync(file);
  fs.mkdirSync(file);
}

function replaceByDevice(file: string): void {
  fs.rmSync(file);
  fs.symlinkSync('/dev/null', file);
}

function coverFolder(file: string): void {
  fs.renameSync(path.dirname(file), `${folder}/elsewhere`);
  fs.writeFileSync(path.dirname(file), 'a file');
}

describe.each(['kept', 'of the log'])('a file that is %s', (which) => {
  test.each(changes)('and %s is lost: %s', async (_how, what, change) => {
    const inner = path.join(folder, 'inner');
    const log = new DiskFolder(inner);
    const file = path.join(inner, 'file');
    fs.writeFileSync(file, '12345678');
    const kept = new KeptFiles();
    if (which === 'kept') kept.keep(file);
    else log.readNow('file', 0, Buffer.alloc(8));
    const look = (): Promise<Look> => (which === 'kept' ? kept : log).look();
    expect(await look()).toEqual({});
    change(file);
    expect(await look()).toEqual({ lost: { file: 'file', what } });
    kept.forgetAll();
    log.close();
    expect(await look()).toEqual({});
  });
});

test('what grows, or is written, stays; what has grown may not become shorter', async () => {
  const file = path.join(folder, 'file');
  fs.writeFileSync(file, '1');
  const kept = new KeptFiles();
  kept.keep(file);
  kept.keep(folder);
  fs.appendFileSync(file, '234');
  fs.writeFileSync(path.join(folder, 'other'), '');
  expect(await kept.look()).toEqual({});
  fs.truncateSync(file, 3);
  const what = 'it was cut to 3 of 4 bytes';
  expect(await kept.look()).toEqual({ lost: { file: 'file', what } });
  kept.forgetAll();
});

describe('a folder behind a link', () => {
  let kept: KeptFiles;
  let link: string;
  beforeEach(() => {
    for (const name of ['A', 'B']) fs.mkdirSync(path.join(folder, name, 'n0'), { recursive: true });
    link = path.join(folder, 'vol');
    fs.symlinkSync('A', link);
    kept = new KeptFiles();
    kept.keepFolder(path.join(folder, 'A', 'n0'), `${link}/../vol/n0/`);
  });
  afterEach(() => kept.forgetAll());

  const lost = (what: string): Look => ({ lost: { file: path.join(link, 'n0'), what } });

  test('is lost when the link leads elsewhere, or is gone', async () => {
    expect(await kept.look()).toEqual({});
    fs.rmSync(link);
    expect(await kept.look()).toEqual(lost('it is no longer there'));
    fs.symlinkSync('B', link);
    expect(await kept.look()).toEqual(lost('another folder has taken it'));
    fs.rmSync(link);
    fs.symlinkSync('A', link); // As it was.
    expect(await kept.look()).toEqual({});
  });

  test('is lost when it is moved, though the link follows it', async () => {
    fs.renameSync(path.join(folder, 'A'), path.join(folder, 'C'));
    fs.rmSync(link);
    fs.symlinkSync('C', link);
    expect(await kept.look()).toEqual({ lost: { file: 'n0', what: 'it is no longer there' } });
  });

  test('that a member has is watched by the name that it was given', async () => {
    const data = path.join(link, 'n0');
    const flags = ['--name=n0', '--cluster=test', '--namespace=local', `--data=${data}`];
    const found = openDataFolder(path.join(folder, 'A', 'n0'), { cluster: 'local/test' });
    const log = pino({ level: 'silent' });
    const opened = new NodeData(found, parseConfig(flags, {}), log, () => undefined);
    opened.open();
    expect(await opened.look()).toEqual({});
    fs.rmSync(link);
    fs.symlinkSync('B', link);
    expect(await opened.look()).toEqual(lost('another folder has taken it'));
    await opened.close();
  });
});

test('a segment that the log makes or removes itself is not lost', async () => {
  const log = new DiskFolder(folder);
  const done = (work: (done: (error?: Error) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => work((error) => (error ? reject(error) : resolve())));
  for (let number = 0; number < 20; number += 1) {
    const made = done((then) => log.create(`${number}`, 1024, Buffer.from('head'), then));
    expect(await log.look()).toEqual({});
    await made;
    expect(await log.look()).toEqual({});
  }
  for (let number = 0; number < 18; number += 1) {
    const looks = log.look();
    const removed = done((then) => log.removeLater(`${number}`, then));
    expect(await Promise.all([looks, log.look(), removed])).toEqual([{}, {}, undefined]);
  }
  fs.rmSync(path.join(folder, '19'));
  expect(await log.look()).toEqual({ lost: { file: '19', what: 'it is no longer there' } });
  log.close();
});

describe('the watch', () => {
  let found: (Look | Error)[];
  let said: string[];
  let watch: FileWatch;
  beforeEach(() => {
    found = [];
    said = [];
    const look = (): Promise<Look> => {
      const next = found.shift() ?? {};
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    };
    watch = new FileWatch(look, {
      lost: (error: LostFileError) => said.push(error.message),
      unsure: (cause) => said.push(String(cause)),
    });
  });

  async function see(...looks: (Look | Error)[]): Promise<string[]> {
    found = looks;
    while (found.length > 0) await watch.look();
    return said.splice(0);
  }

  const lost = { lost: { file: 'identity.json', what: 'it is no longer there' } };

  test('tells what is lost twice in a row, and what to do', async () => {
    expect(await see(lost, lost)).toEqual([
      'identity.json is damaged at its name: it is no longer there, while this process works on ' +
        'it. What it would acknowledge would be lost with the process. Before you stop that, you ' +
        `can copy what it has open from /proc/${process.pid}/fd`,
    ]);
  });

  test('what was away for a moment, or is not known, is not lost', async () => {
    const other = { lost: { file: 'log', what: 'it is no longer there' } };
    expect(await see(lost, {}, lost, other, {}, lost)).toEqual([]);
    const failed = { unknown: new Error('EIO') };
    expect(await see(failed, failed, failed)).toEqual(['Error: EIO']);
    expect(await see({}, new Error('ESTALE'), {}, failed)).toEqual(['Error: ESTALE', 'Error: EIO']);
  });
});
