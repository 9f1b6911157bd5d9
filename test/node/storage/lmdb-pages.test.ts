import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { open } from 'lmdb';
import type { StateStore } from '../../../node/src/storage/state.ts';
import { ids, lmdbPlace, type LmdbPlace } from './state-places.ts';
import { StateWriter } from './state-writer.ts';

/* What LMDB does not find in its file ends the process: so others do the openings. */

const STATE = pathToFileURL(path.resolve('dist/node/src/storage/lmdb-state.js')).href;
const PAGE = 4096;

/** Cuts the state to each of the sizes, opens it, uses all of it, and tells how that went. */
const OPENER = `
import fs from 'node:fs';
import { openLmdbState } from '${STATE}';
const [folder, ...sizes] = process.argv.slice(1);
const file = folder + '/state.mdb';
const whole = fs.readFileSync(file);
for (const size of sizes) {
  fs.rmSync(file + '-lock', { force: true });
  fs.writeFileSync(file, whole.subarray(0, Number(size)));
  try {
    const state = openLmdbState({ folder, ...${JSON.stringify(ids)} });
    const slotOut = state.flushedSlotOut;
    const keys = [...state.tables.range('t')].map(([key]) => key);
    for (const key of keys) state.tables.put('t', key, Buffer.alloc(50));
    await new Promise((resolve, reject) =>
      state.cut(slotOut + 1).write((error) => (error ? reject(error) : resolve())));
    await state.close();
    console.log(slotOut + ' ' + keys.length);
  } catch (error) {
    console.log(error.name);
  }
}`;

const program = (source: string, ...args: readonly string[]): string[] => [
  '--input-type=module',
  '-e',
  source,
  ...args,
];

/** @returns for each size a line: the slot and the number of keys, or the error's name */
function opened(place: LmdbPlace, sizes: readonly number[]): string[] {
  const args = program(OPENER, place.folder, ...sizes.map(String));
  const { stdout, signal } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(signal).toBeNull();
  return stdout.trim().split('\n');
}

function write(state: StateStore, keys: number, slotOut: number): Promise<void> {
  for (let i = 0; i < keys; i += 1) {
    state.tables.put('t', `key ${i}`, Buffer.alloc(i % 50 === 0 ? 10_000 : 100, i));
  }
  return new Promise((resolve, reject) => {
    state.cut(slotOut).write((error) => (error === undefined ? resolve() : reject(error)));
  });
}

let place: LmdbPlace;
let file: string;
const size = (): number => fs.statSync(file).size;
beforeEach(() => {
  place = lmdbPlace();
  file = path.join(place.folder, 'state.mdb');
});
afterEach(() => place.clean());

async function filled(keys: number): Promise<void> {
  const state = place.open();
  await write(state, keys, 7);
  await state.close();
}

test('a state that was cut short is damaged, wherever it was cut, and no process ends of it', async () => {
  await filled(1_000);
  const pages = size() / PAGE;
  const sizes = Array.from({ length: pages - 1 }, (_, page) => [
    (page + 1) * PAGE,
    (page + 1) * PAGE + 1_000,
  ]).flat();
  expect(sizes.length).toBeGreaterThan(100);
  expect(new Set(opened(place, sizes))).toEqual(new Set(['DamageError']));
}, 60_000);

test('so it is after many writes, unless what it lost was free', async () => {
  const state = place.open();
  for (let slot = 1; slot <= 20; slot += 1) await write(state, 20 * (21 - slot), slot);
  await state.close();
  const pages = size() / PAGE;
  const lines = opened(
    place,
    Array.from({ length: pages }, (_, page) => (page + 1) * PAGE),
  );
  const firstWhole = lines.indexOf('20 400');
  expect(new Set(lines.slice(0, firstWhole))).toEqual(new Set(['DamageError']));
  expect(new Set(lines.slice(firstWhole))).toEqual(new Set(['20 400']));
}, 60_000);

test('a whole state opens, an empty one, and a file of which not a byte was written', async () => {
  await place.open().close();
  expect(opened(place, [size(), 0])).toEqual(['0 0', '0 0']);
  await filled(300);
  expect(opened(place, [size()])).toEqual(['7 300']);
});

test('a file may rightly end before the last page: that one is free, and was never written', async () => {
  const db = open<Buffer, Buffer>({
    path: file,
    noSubdir: true,
    keyEncoding: 'binary',
    encoding: 'binary',
    overlappingSync: false,
  });
  const keys = Array.from({ length: 3_000 }, (_, i) => Buffer.from(`t\0${10_000 + i}`));
  const put = (count: number): void => {
    for (const key of keys.slice(0, count)) void db.put(key, Buffer.alloc(100));
  };
  const remove = (count: number): void => {
    for (const key of keys.slice(0, count)) void db.remove(key);
  };
  await db.batch(() => put(2_000));
  await db.batch(() => remove(2_000));
  await db.batch(() => put(10));
  await db.batch(() => {
    put(3_000);
    remove(3_000);
  });
  await db.close();
  await filled(100); // Into pages that were freed.
  const metas = fs.readFileSync(file).subarray(0, 2 * PAGE);
  const lastPages = [0, PAGE].map((meta) => Number(metas.readBigUInt64LE(meta + 144)));
  expect(Math.max(...lastPages) * PAGE).toBeGreaterThanOrEqual(size());
  expect(opened(place, [size()])).toEqual(['7 100']);
});

test('what a killed process leaves opens', async () => {
  for (let round = 0; round < 5; round += 1) {
    const last = await new StateWriter(place.folder).killAfter(100 + 37 * round);
    const [line] = opened(place, [size()]);
    expect(Number(line?.split(' ')[0])).toBeGreaterThanOrEqual(last);
  }
}, 60_000);
