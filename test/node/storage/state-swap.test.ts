import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { DamageError } from '../../../node/src/storage/damage.ts';
import { openLmdbState } from '../../../node/src/storage/lmdb-state.ts';
import { ForeignDataError } from '../../../node/src/storage/format-error.ts';
import { setStateAside, stateSetAside } from '../../../node/src/storage/state-files.ts';
import type { StateStore } from '../../../node/src/storage/state.ts';

/* Another member's state that waits to take the place of the own one, and what is beside it. */

let folder: string;
let verified: string;
let said: string[];
beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-swap-'));
  verified = path.join(folder, 'state.verified.mdb');
  said = [];
  const state = open();
  state.tables.put('t', 'key', Buffer.from('own'));
  await written(state, 7);
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function open(): StateStore {
  const cleanedUp = ({ message }: DamageError): void => void said.push(message);
  return openLmdbState({ folder, clusterId: 'c', memberId: 'm', cleanedUp });
}

async function written(state: StateStore, slotOut: number): Promise<void> {
  const cut = state.cut(slotOut);
  await promisify((done: (error?: Error) => void) => cut.write(done))();
  await state.close();
}

/** The state is opened; whose it is. */
async function owner(): Promise<string> {
  const state = open();
  const owner = Buffer.from(state.tables.get('t', 'key') ?? '').toString();
  await state.close();
  return owner;
}

const own = (): Buffer => fs.readFileSync(path.join(folder, 'state.mdb'));
const pageBytes = 4096;
const bad: [string, string, () => Buffer][] = [
  ['is empty', 'the file: it is empty', () => Buffer.alloc(0)],
  ['is all zeros', 'its meta pages', () => Buffer.alloc(8192)],
  ['is garbage', 'its meta pages', () => Buffer.alloc(8192, 7)],
  ['lacks its end', 'page', () => own().subarray(0, 2 * pageBytes)],
  ['has a page of zeros', 'page', () => own().fill(0, 2 * pageBytes)],
];

test.each(bad)('a copy that %s does not take the place of the state', async (_, what, make) => {
  fs.writeFileSync(verified, make());
  expect(await owner()).toBe('own');
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^state\.verified\.mdb is damaged at/);
  expect(said[0]).toContain(what);
  expect(fs.readdirSync(folder)).toEqual(['state.mdb']);
});

test('where nobody is told, a bad copy is damage, and is left alone', () => {
  fs.writeFileSync(verified, '');
  const opening = (): StateStore => openLmdbState({ folder, clusterId: 'c', memberId: 'm' });
  expect(opening).toThrow('state.verified.mdb is damaged at the file: it is empty');
  expect(fs.readdirSync(folder).sort()).toEqual(['state.mdb', 'state.verified.mdb']);
});

test('a good one takes it, and nothing is said', async () => {
  fs.copyFileSync(path.join(folder, 'state.mdb'), path.join(folder, 'kept'));
  const other = open();
  other.tables.put('t', 'key', Buffer.from('another'));
  await written(other, 8);
  fs.renameSync(path.join(folder, 'state.mdb'), verified);
  fs.renameSync(path.join(folder, 'kept'), path.join(folder, 'state.mdb'));
  expect(await owner()).toBe('another');
  expect(said).toEqual([]);
  expect(fs.readdirSync(folder)).toEqual(['state.mdb']);
});

/** In a folder of its own: the state of another cluster, or one whose facts are damaged. */
async function copyOf(clusterId: string, isDamaged: boolean): Promise<Buffer> {
  const elsewhere = fs.mkdtempSync(path.join(tmpdir(), 'synod-copy-'));
  try {
    const state = openLmdbState({ folder: elsewhere, clusterId, memberId: 'm' });
    state.tables.put('t', 'key', Buffer.from('a copy of it'));
    await written(state, 9);
    const bytes = fs.readFileSync(path.join(elsewhere, 'state.mdb'));
    const fact = '"slotOut":9';
    for (let at = bytes.indexOf(fact); isDamaged && at >= 0; at = bytes.indexOf(fact))
      bytes[at] = 0;
    return bytes;
  } finally {
    fs.rmSync(elsewhere, { recursive: true });
  }
}

/** As a process leaves them that ended between two names. */
const ended: [string, () => void][] = [
  ['it was not begun', () => undefined],
  [
    'the state has its new name alone',
    () => fs.renameSync(path.join(folder, 'state.mdb'), path.join(folder, 'state.replaced.mdb')),
  ],
  [
    'the copy has the place of the state',
    () => {
      fs.renameSync(path.join(folder, 'state.mdb'), path.join(folder, 'state.replaced.mdb'));
      fs.renameSync(verified, path.join(folder, 'state.mdb'));
    },
  ],
];

describe.each(ended)('where %s', (_, end) => {
  test("another cluster's state is refused, and nothing is changed", async () => {
    const [copy, before] = [await copyOf('another', false), own()];
    fs.writeFileSync(verified, copy);
    end();
    expect(open).toThrow(ForeignDataError);
    expect(fs.readdirSync(folder).sort()).toEqual(['state.mdb', 'state.verified.mdb']);
    expect(own().equals(before)).toBe(true);
    expect(fs.readFileSync(verified).equals(copy)).toBe(true);
    expect(said).toEqual([]);
  });

  test('a copy with damaged facts goes, and the state stays', async () => {
    fs.writeFileSync(verified, await copyOf('c', true));
    end();
    expect(await owner()).toBe('own');
    expect(said).toEqual([expect.stringMatching(/^state\.verified\.mdb is damaged at key /)]);
    expect(fs.readdirSync(folder)).toEqual(['state.mdb']);
  });

  test('a good copy is the state then', async () => {
    fs.writeFileSync(verified, await copyOf('c', false));
    end();
    expect(await owner()).toBe('a copy of it');
    expect(said).toEqual([]);
    expect(fs.readdirSync(folder)).toEqual(['state.mdb']);
  });
});

test('a folder beside the state gets another name each time, with what is in it', async () => {
  for (const number of ['', '-2', '-3']) {
    for (const name of ['state.verified.mdb', 'state.mdb-lock']) {
      fs.mkdirSync(path.join(folder, name));
      fs.writeFileSync(path.join(folder, name, 'thesis'), number);
      expect(await owner()).toBe('own');
      expect(said.splice(0)).toEqual([expect.stringContaining(`${name} is damaged at its name`)]);
      const moved = path.join(folder, `${name}.set-aside${number}`, 'thesis');
      expect(fs.readFileSync(moved, 'utf8')).toBe(number);
    }
  }
});

test('a folder in the place of the state goes also when there is a state that is kept', () => {
  const state = path.join(folder, 'state.mdb');
  fs.writeFileSync(path.join(folder, 'state.damaged.mdb'), 'the first one');
  for (const name of ['state.mdb.set-aside', 'state.mdb.set-aside-2']) {
    fs.rmSync(state, { force: true, recursive: true });
    fs.mkdirSync(state);
    fs.writeFileSync(path.join(state, 'thesis'), name);
    setStateAside(folder);
    expect(fs.existsSync(state)).toBe(false);
    expect(fs.readFileSync(path.join(folder, name, 'thesis'), 'utf8')).toBe(name);
  }
  fs.writeFileSync(state, 'the second one');
  setStateAside(folder);
  expect(fs.existsSync(state)).toBe(false);
  expect(stateSetAside(folder)).toBe('state.damaged.mdb');
  const kept = fs.readFileSync(path.join(folder, 'state.damaged.mdb'), 'utf8');
  expect(kept).toBe('the first one');
});
