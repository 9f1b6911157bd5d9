import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { tryRestore, type TrialOptions } from '../../../cli/src/local/trial.ts';
import { SnapshotEncoder, verifySnapshot } from '../../../contract/src/snapshot-file.ts';
import { saved } from '../../node/storage/saved-snapshot.ts';

/* A snapshot is restored by a process of its own, the built one, and nothing of that stays. */

const PROGRAM = path.resolve('dist/node/src/trial.js');
let folder: string;
let file: string;
let within: string;
beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-trials-'));
  file = path.join(folder, 'a.snapshot');
  fs.writeFileSync(file, await saved());
  within = path.join(folder, 'tmp');
  fs.mkdirSync(within);
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function attempt(more: Partial<TrialOptions> = {}): Promise<void> {
  const { signal } = new AbortController();
  return tryRestore(file, { signal, within, program: PROGRAM, ...more });
}

/** Some other program in the place of the trial's. */
function program(text: string): string {
  const name = path.join(folder, 'program.mjs');
  fs.writeFileSync(name, text);
  return name;
}

const left = (): string[] => fs.readdirSync(within);

test('a member begins with a good one; the file is as it was, and the folder is gone', async () => {
  const snapshot = verifySnapshot(file);
  await attempt();
  expect(verifySnapshot(file)).toEqual(snapshot);
  expect(left()).toEqual([]);
});

test('one that is whole, and has not what the state had, is refused', async () => {
  const { header } = verifySnapshot(file);
  const encoder = new SnapshotEncoder();
  fs.writeFileSync(file, Buffer.concat([encoder.header(header), encoder.end()]));
  verifySnapshot(file);
  await expect(attempt()).rejects.toMatchObject({
    name: 'SnapshotError',
    message:
      'No member can begin with it: restore.snapshot is damaged at table texts: it is not what ' +
      'the state had.',
  });
  expect(left()).toEqual([]);
});

test('a flipped bit is found before anything is started', async () => {
  const bytes = fs.readFileSync(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  fs.writeFileSync(file, bytes);
  await expect(attempt()).rejects.toThrow(/^It is damaged/);
  expect(left()).toEqual([]);
});

test('where there is no room for it, and a process that crashes, that is said of the trial', async () => {
  const crashing = program('throw new Error("out of order")');
  await expect(attempt({ program: crashing })).rejects.toMatchObject({
    name: 'TrialError',
    exitCode: 1,
  });
  const killed = program('process.kill(process.pid, "SIGKILL")');
  await expect(attempt({ program: killed })).rejects.toThrow('its process was killed.');
  expect(left()).toEqual([]);
  within = path.join(folder, 'none');
  await expect(attempt()).rejects.toMatchObject({ name: 'TrialError', exitCode: 74 });
  await expect(attempt()).rejects.toThrow(`${folder}/none: ENOENT`);
});

test('a folder that cannot be made there says nothing of the snapshot', async () => {
  const full = program(
    `import fs from 'node:fs';
     import { syncBuiltinESMExports } from 'node:module';
     fs.mkdirSync = (name) => {
       throw Object.assign(new Error('ENOSPC: no space left on device'), { syscall: 'mkdir' });
     };
     syncBuiltinESMExports();
     await import(${JSON.stringify(PROGRAM)});`,
  );
  const failed = attempt({ program: full });
  await expect(failed).rejects.toMatchObject({ name: 'TrialError', exitCode: 74 });
  await expect(failed).rejects.toThrow('ENOSPC');
  expect(left()).toEqual([]);
});

test('whoever has read another one has tried nothing', async () => {
  const other = program('process.stdout.write("0".repeat(64))');
  await expect(attempt({ program: other })).rejects.toThrow('It has read another one.');
});

test('one that takes too long, and one that is interrupted, end; nothing is left', async () => {
  const started = path.join(folder, 'started');
  const endless = program(
    `import fs from 'node:fs';
     process.on('SIGTERM', () => undefined);
     fs.writeFileSync(${JSON.stringify(started)}, String(process.pid));
     setInterval(() => undefined, 1000);`,
  );
  const deadlineMs = 50;
  await expect(attempt({ program: endless, deadlineMs })).rejects.toThrow('more than 0.05 s');
  expect(left()).toEqual([]);
  fs.rmSync(started, { force: true });
  const interrupt = new AbortController();
  const trial = attempt({ program: endless, signal: interrupt.signal });
  const watcher = setInterval(() => {
    // It is there before it has something in it.
    if (fs.existsSync(started) && fs.statSync(started).size > 0) interrupt.abort();
  }, 10);
  await expect(trial).rejects.toThrow('It was interrupted');
  clearInterval(watcher);
  expect(left()).toEqual([]);
  const pid = Number(fs.readFileSync(started, 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  await expect(attempt({ signal: interrupt.signal })).rejects.toThrow('It was interrupted');
});
