import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  SnapshotEncoder,
  verifySnapshot,
  type Snapshot,
} from '../../../contract/src/snapshot-file.ts';
import { RESTORE_FILE, SLOT_MARGIN } from '../../../contract/src/snapshot.ts';
import { SESSIONS } from '../../../node/src/machine/sessions.ts';
import { DamageError } from '../../../node/src/storage/damage.ts';
import { openLmdbState } from '../../../node/src/storage/lmdb-state.ts';
import {
  hasState,
  readHeldSnapshot,
  removeHeldSnapshot,
  restoreState,
  snapshotErrorOf,
} from '../../../node/src/storage/restored-state.ts';
import { machine, saved, SLOT } from './saved-snapshot.ts';

const opening = { has: machine, first: machine };
const ids = { clusterId: 'new', memberId: 'b' };

let folder: string;
let bytes: Buffer;
let file: string;
beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-restored-'));
  file = path.join(folder, RESTORE_FILE);
  bytes = await saved();
  fs.writeFileSync(file, bytes);
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function held(): Snapshot {
  const snapshot = readHeldSnapshot(folder);
  if (snapshot === undefined) throw new Error('it holds none');
  return snapshot;
}

test('a restored state has the tables; neither sessions nor configurations; and slots jump', async () => {
  expect(held().tables).toEqual({ texts: 30, totals: 30 });
  await restoreState(folder, ids, held());
  expect(removeHeldSnapshot(folder)).toBe(true);
  expect(fs.readdirSync(folder)).toEqual(['state.mdb']);
  expect(removeHeldSnapshot(folder)).toBe(false);
  const state = openLmdbState({ folder, ...ids, proven: [SESSIONS], machine: opening });
  const slotOut = SLOT + SLOT_MARGIN;
  expect(state.facts).toMatchObject({ slotOut, machine, origin: 'taken', logEnd: 0, heard: {} });
  expect(state.facts.configurations).toBeUndefined();
  expect(state.facts.history).toEqual({ slot: slotOut, from: slotOut, hash: 0n });
  expect([...state.tables.range(SESSIONS)]).toEqual([]);
  expect([...state.tables.range('texts')].map(([key]) => key)).toHaveLength(30);
  expect(state.tables.get('totals', '12')?.toString()).toBe('total 12');
  while (!state.scrub());
  await state.close();
});

test('no slot that the old cluster may have handed out comes again', () => {
  // At 5,000 slots a second, for a year and a half.
  expect(SLOT_MARGIN).toBeGreaterThan(5_000 * 86_400 * 548);
});

test('each of 200 flipped bits and cuts of a snapshot in the folder is damage, and no state', () => {
  for (let i = 0; i < 200; i++) {
    const at = Math.floor((i * bytes.length) / 200);
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (i % 8));
    fs.writeFileSync(file, flipped);
    expect(() => readHeldSnapshot(folder)).toThrow(DamageError);
    fs.writeFileSync(file, bytes.subarray(0, at));
    expect(() => readHeldSnapshot(folder)).toThrow(DamageError);
  }
  expect(hasState(folder)).toBe(false);
}, 60_000);

test('a snapshot that changes between its check and its use makes no state', async () => {
  const before = held();
  for (let i = 0; i < 20; i++) {
    const at = Math.floor((i * bytes.length) / 20);
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (i % 8));
    fs.writeFileSync(file, flipped);
    await expect(restoreState(folder, ids, before)).rejects.toThrow(DamageError);
    expect(hasState(folder)).toBe(false);
  }
  // Also another one that is whole.
  const encoder = new SnapshotEncoder();
  const other = [encoder.header({ ...before.header, digests: {} }), encoder.end()];
  fs.writeFileSync(file, Buffer.concat(other));
  await expect(restoreState(folder, ids, before)).rejects.toThrow('they changed');
  expect(hasState(folder)).toBe(false);
  // Nothing of it is in the way.
  fs.writeFileSync(file, bytes);
  await restoreState(folder, ids, before);
  expect(hasState(folder)).toBe(true);
}, 60_000);

test('entries that are not those which the state had are not restored, though their file is whole', async () => {
  const { header } = held();
  for (const digests of [
    {},
    { ...header.digests, texts: [30, 'abc'] as const },
    { ...header.digests, more: [1, '1'] as const },
  ]) {
    const encoder = new SnapshotEncoder();
    const pieces = [encoder.header({ ...header, digests })];
    for (let i = 10; i < 40; i++) {
      const value = Buffer.from(`text ${i}`);
      pieces.push(encoder.entry({ table: 'texts', key: String(i), value }));
    }
    fs.writeFileSync(file, Buffer.concat([...pieces, encoder.end()]));
    await expect(restoreState(folder, ids, verifySnapshot(file))).rejects.toThrow(
      'it is not what the state had',
    );
    expect(hasState(folder)).toBe(false);
  }
});

describe('who may be told a cluster', () => {
  const name = { slot: SLOT, hash: 'a'.repeat(64) };
  const mine = { ...name, machine };
  const other = { slot: SLOT, hash: 'b'.repeat(64) };
  const first = { clusterId: 'new', members: ['b', 'c'], window: 9 };
  test.each([
    ['a voter that holds what is named', { ...first, snapshot: name }, mine, true],
    ['a voter that holds another one', { ...first, snapshot: other }, mine, false],
    ['a voter that holds none', { ...first, snapshot: name }, undefined, false],
    ['a voter that holds one where none is named', first, mine, false],
    ['a voter of a cluster that was not restored', first, undefined, true],
    [
      'a blank learner of one that was',
      { ...first, members: ['c'], snapshot: name },
      undefined,
      true,
    ],
    [
      'a learner that holds another one',
      { ...first, members: ['c'], snapshot: other },
      mine,
      false,
    ],
  ])('%s', (_what, told, holds, may) => {
    const error = snapshotErrorOf(told, 'b', holds);
    expect(error === undefined).toBe(may);
  });
});
