import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { admit, AnotherClusterError, bootstrap } from '../../../cli/src/local/bootstrap.ts';
import { FirstConfigurationFile } from '../../../cli/src/local/first-configuration-file.ts';
import {
  parseFirstConfiguration,
  type FirstConfiguration,
} from '../../../contract/src/first-configuration.ts';
import { parseStatus, type MemberStatus } from '../../../contract/src/status.ts';

let folder: string;
let file: FirstConfigurationFile;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-bootstrap-'));
  file = new FirstConfigurationFile(folder);
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const first: FirstConfiguration = { clusterId: 'one', members: ['a', 'b', 'c'], window: 9 };

function status(member: string, its: FirstConfiguration | null = null): MemberStatus {
  const said = { name: `name of ${member}`, member, slotOut: 0, voters: [], alarms: ['an alarm'] };
  const role = its === null ? 'unformed' : 'follower';
  const parsed = parseStatus(JSON.stringify({ ...said, role, firstConfiguration: its }));
  if (parsed === undefined) throw new Error('it is no status');
  return parsed;
}

const unformed = ['a', 'b', 'c'].map((member) => status(member));

/** Who was told what. */
class Told {
  readonly by = new Map<string, FirstConfiguration>();
  readonly tell = (member: string, what: FirstConfiguration): Promise<void> => {
    expect(file.read()).toEqual(what); // It is created before any member is told.
    this.by.set(member, what);
    return Promise.resolve();
  };
}

test('members that were not told: the file is created, then all of them are told', async () => {
  const told = new Told();
  const made = await bootstrap(file, unformed, told.tell);
  expect(made).toMatchObject({ members: ['a', 'b', 'c'], window: 1024 });
  expect([...told.by]).toEqual(['a', 'b', 'c'].map((member) => [member, made]));
  expect(fs.readdirSync(folder)).toEqual(['first-configuration.json']);
});

test('members that name their machine: the cluster begins with the version that all have', async () => {
  const versions = [3, 2, 4];
  const named = unformed.map((each, i) => {
    return { ...each, machine: 'counter', newestMachineVersion: versions[i] ?? 0 };
  });
  const told = new Told();
  const made = await bootstrap(file, named, told.tell);
  expect(made.machine).toEqual({ name: 'counter', version: 2 });
  expect(file.read()).toEqual(made);
});

test('members with different machines: nobody is told anything', async () => {
  const named = unformed.map((each, i) => {
    return { ...each, machine: i === 1 ? 'chat-log' : 'counter', newestMachineVersion: 1 };
  });
  const told = new Told();
  await expect(bootstrap(file, named, told.tell)).rejects.toThrow(
    'name of a was started with --machine counter, and name of b with --machine chat-log.',
  );
  expect(told.by.size).toBe(0);
  expect(file.read()).toBeUndefined();
});

test('a file that is there is used, and never rewritten', async () => {
  file.create(first);
  const before = fs.statSync(file.path);
  const told = new Told();
  expect(await bootstrap(file, [...unformed, status('new')], told.tell)).toEqual(first);
  expect([...told.by.keys()]).toEqual(['a', 'b', 'c', 'new']);
  const { ino, mtimeMs } = fs.statSync(file.path);
  expect({ ino, mtimeMs }).toEqual({ ino: before.ino, mtimeMs: before.mtimeMs });
});

test('a member that was told knows it, also when the file was lost; who was told is left alone', async () => {
  const told = new Told();
  const members = [status('a', first), status('b'), status('c', first)];
  expect(await bootstrap(file, members, told.tell)).toEqual(first);
  expect([...told.by]).toEqual([['b', first]]);
  expect(file.read()).toEqual(first);
});

test('who ended half-way left nothing or the whole file', async () => {
  fs.writeFileSync(`${file.path}.0.new`, '{"clus');
  const made = await bootstrap(file, unformed, () => Promise.reject(new Error('ended'))).catch(() =>
    file.read(),
  );
  const told = new Told();
  expect(await bootstrap(file, unformed, told.tell)).toEqual(made);
});

test('members of two clusters, or of another one than the file: nobody is told, nothing is made', async () => {
  const other = { ...first, clusterId: 'other' };
  const told = new Told();
  const both = [status('a', first), status('b'), status('c', other)];
  await expect(bootstrap(file, both, told.tell)).rejects.toThrow(AnotherClusterError);
  expect(file.read()).toBeUndefined();
  file.create(first);
  const strange = [status('a'), status('b', other)];
  await expect(bootstrap(file, strange, told.tell)).rejects.toThrow('b is of cluster other');
  await expect(admit(first, strange, told.tell)).rejects.toThrow(AnotherClusterError);
  expect(told.by.size).toBe(0);
});

test('a damaged member: no new cluster is made of it; in an old one it is left alone', async () => {
  const damaged: MemberStatus = { ...status('b'), role: 'damaged' };
  const members = [status('a'), damaged];
  const told = new Told();
  await expect(bootstrap(file, members, told.tell)).rejects.toThrow('an alarm');
  expect(file.read()).toBeUndefined();
  file.create(first);
  await bootstrap(file, members, told.tell);
  expect([...told.by.keys()]).toEqual(['a']);
});

test('a file that somebody changed is refused, and left as it is', async () => {
  file.create(first);
  const changed = fs.readFileSync(file.path, 'utf8').replace('"c"', '"d"');
  fs.writeFileSync(file.path, changed);
  const told = new Told();
  await expect(bootstrap(file, unformed, told.tell)).rejects.toThrow('was changed');
  expect(fs.readFileSync(file.path, 'utf8')).toBe(changed);
});

test('members that hold a snapshot: the cluster begins with it, in the version that it has', async () => {
  const machine = { name: 'counter', version: 1 };
  const snapshot = { slot: 7, hash: 'a'.repeat(64), machine };
  const holding = unformed.map((each) => {
    return { ...each, machine: 'counter', newestMachineVersion: 2, snapshot };
  });
  const made = await bootstrap(file, holding, new Told().tell);
  expect(made).toMatchObject({ machine, snapshot: { slot: 7, hash: snapshot.hash } });
  expect(file.read()).toEqual(made);
});

test('members that hold different snapshots, or not all of them one: nothing begins', async () => {
  const machine = { name: 'counter', version: 1 };
  const [a, b, c] = unformed;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three');
  const told = new Told();
  const one = { ...a, snapshot: { slot: 7, hash: 'a'.repeat(64), machine } };
  const other = { ...b, snapshot: { slot: 7, hash: 'b'.repeat(64), machine } };
  await expect(bootstrap(file, [one, b, c], told.tell)).rejects.toThrow('holds no snapshot');
  await expect(bootstrap(file, [one, other], told.tell)).rejects.toThrow('Restore the same one');
  expect(file.read()).toBeUndefined();
  expect(told.by.size).toBe(0);
});

/** Creates the file at a moment. Prints what is in it then. */
const creator = `
  const [program, folder, at, clusterId] = process.argv.slice(1);
  const { FirstConfigurationFile } = await import(program);
  const file = new FirstConfigurationFile(folder);
  while (Date.now() < Number(at));
  console.log(JSON.stringify(file.create({ clusterId, members: [clusterId], window: 1 })));
`;

test('of processes that create the file at once, exactly one wins, and all see its', async () => {
  const program = path.resolve('dist/cli/src/local/first-configuration-file.js');
  for (let round = 0; round < 8; round++) {
    const place = path.join(folder, String(round));
    const at = String(Date.now() + 400);
    const ids = ['p', 'q', 'r', 's'].map((process) => `${process}${round}`);
    const found = ids.map(async (id) => {
      const args = ['--input-type=module', '-e', creator, program, place, at, id];
      return text(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout);
    });
    const [one = '', ...others] = await Promise.all(found);
    expect(others).toEqual([one, one, one]);
    const [name = '', ...more] = fs.readdirSync(place);
    expect(more).toEqual([]);
    const whole = parseFirstConfiguration(fs.readFileSync(path.join(place, name), 'utf8'));
    expect(JSON.parse(one)).toEqual(whole);
    expect(ids).toContain(whole?.clusterId);
  }
}, 60_000);
