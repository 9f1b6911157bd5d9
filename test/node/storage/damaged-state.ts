import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { linesOf } from './line-process.ts';
import { ids } from './state-places.ts';
import { TABLES } from './state-shapes.ts';

/*
 * What LMDB does not expect in its file can end the process, or keep it busy for ever. So others
 * open damaged states and use them: each as many as it can, and after its end another one.
 */

export interface Damage {
  readonly what: string;
  /** Bytes in hexadecimal digits, and where in the file they replace others. */
  readonly edits?: readonly { readonly at: number; readonly bytes: string }[];
  /** Of the file then: it is cut, or gets zeros. */
  readonly size?: number;
}

/**
 * - `damage`: the state is not opened
 * - `right`: it has all that it had
 * - `checksum`: some value's checksum does not match, and all others are there
 * - `missing`: who asks for a certain key is told that it has none; the scrub finds the table
 * - `unnoticed`: a key is missing, or another value is there, and the scrub finds nothing
 * - `other`: it has a value that it had not; the scrub finds the table
 * - `failed`: a write fails, or what it writes is damaged
 * - `signal`, `hanging`: how the process ended, or did not
 */
const OUTCOMES = ['damage', 'right', 'checksum', 'missing', 'unnoticed', 'other', 'failed'].concat(
  'signal',
  'hanging',
);
export type Outcome = (typeof OUTCOMES)[number];

export interface Trial {
  readonly damage: Damage;
  readonly outcome: Outcome;
  readonly detail: string;
}

const STATE = pathToFileURL(path.resolve('dist/node/src/storage/lmdb-state.js')).href;
/**
 * Makes each damage in turn, and opens what is left. If it can, it reads all in every way, writes
 * and deletes in three transactions, reads that, and opens it again. Prints a line for each.
 */
const USER = `
import fs from 'node:fs';
import { openLmdbState } from '${STATE}';
const [folder, from] = process.argv.slice(1);
const file = folder + '/state.mdb';
const whole = fs.readFileSync(folder + '/whole.mdb');
const damages = JSON.parse(fs.readFileSync(folder + '/damages.json', 'utf8'));
const open = () => openLmdbState({ folder, ...${JSON.stringify(ids)} });
const place = (bytes) => {
  fs.rmSync(file + '-lock', { force: true });
  fs.writeFileSync(file, bytes);
};
const entries = (state, table, options) =>
  [...state.tables.range(table, options)].map(([key, value]) => [key, Buffer.from(value)]);
const isSame = (a, b) => a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;

place(whole);
const healthy = open();
const tables = ${JSON.stringify(TABLES)}.map((table) => [table, new Map(entries(healthy, table))]);
await healthy.close();

function damaged({ edits = [], size = whole.length }) {
  const bytes = Buffer.alloc(Math.max(size, whole.length));
  whole.copy(bytes);
  for (const { at, bytes: digits } of edits) bytes.write(digits, at, 'hex');
  return bytes.subarray(0, size);
}

/** Puts into \`found\` what reading finds wrong. */
function reading(found, read) {
  try {
    return read();
  } catch (error) {
    found.push(error.name === 'DamageError' ? 'checksum' : 'failed ' + error.message);
    return undefined;
  }
}

function readAll(state, found) {
  for (const [table, expected] of tables) {
    for (const reverse of [false, true]) {
      const all = reading(found, () => entries(state, table, { reverse })) ?? [];
      const isOther = ([key, value]) => !isSame(value, expected.get(key));
      if (all.some(isOther) || new Set(all.map(([key]) => key)).size < all.length) found.push('other');
    }
    for (const [key, value] of expected) {
      const wrong = found.length;
      const stored = reading(found, () => state.tables.get(table, key));
      if (stored === undefined && found.length === wrong) found.push('missing');
      if (stored !== undefined && !isSame(Buffer.from(stored), value)) found.push('other');
    }
  }
}

async function write(state, found, round) {
  const written = [];
  for (let transaction = 1; transaction <= 3; transaction += 1) {
    for (const [table, expected] of tables) {
      let n = transaction + round;
      for (const key of expected.keys()) {
        n += 1;
        if (n % 11 === 0) state.tables.delete(table, key);
        else if (n % 6 === 0) state.tables.put(table, key, Buffer.alloc(n % 300, n));
      }
      for (let i = 0; i < 30; i += 1) {
        const entry = [table, 'new ' + transaction + ' ' + i, Buffer.alloc(i % 10 ? 200 : 9000, i)];
        state.tables.put(...entry);
        written.push(entry);
      }
    }
    const slot = state.flushedSlotOut + 1;
    const error = await new Promise((resolve) => state.cut(slot).write(resolve));
    // What it replaces is looked at, too.
    if (error) return found.push(error.name === 'DamageError' ? 'checksum' : 'failed ' + error.message);
  }
  for (const [table, key, value] of written) {
    const stored = reading(found, () => state.tables.get(table, key));
    if (stored === undefined || !isSame(Buffer.from(stored), value)) found.push('failed to write');
  }
}

/** Whether the scrub finds damage. */
function scrubbed(state) {
  try {
    for (let slice = 0; slice < 300; slice += 1) state.scrub();
    return false;
  } catch (error) {
    return error.name === 'DamageError';
  }
}

async function use(damage, round) {
  place(damaged(damage));
  const found = [];
  let state;
  try {
    state = open();
  } catch (error) {
    return (error.name === 'DamageError' ? 'damage ' : 'failed ') + error.message;
  }
  readAll(state, found);
  if ((found.includes('missing') || found.includes('other')) && !scrubbed(state)) {
    found.push('unnoticed');
  }
  await write(state, found, round);
  await state.close();
  try {
    await open().close();
  } catch (error) {
    found.push('failed after writes: ' + error.message);
  }
  const worst = ['failed', 'unnoticed', 'other', 'missing', 'checksum'].find((each) =>
    found.some((one) => one.startsWith(each)));
  return found.find((one) => one.startsWith(worst)) ?? 'right';
}

for (let i = Number(from); i < damages.length; i += 1) {
  console.log((await use(damages[i], i)).replaceAll('\\n', ' '));
}`;

/** Tries each of the damages on a copy of the file. */
export async function tryAll(file: string, damages: readonly Damage[]): Promise<Trial[]> {
  const folder = fs.mkdtempSync(path.join(path.dirname(file), 'damaged-'));
  fs.copyFileSync(file, path.join(folder, 'whole.mdb'));
  fs.writeFileSync(path.join(folder, 'damages.json'), JSON.stringify(damages));
  const lines: string[] = [];
  while (lines.length < damages.length) lines.push(...(await linesFrom(folder, lines.length)));
  fs.rmSync(folder, { recursive: true });
  return damages.map((damage, i) => {
    const line = lines[i] ?? '';
    const outcome = OUTCOMES.find((each) => line.startsWith(each));
    if (outcome === undefined) throw new Error(`${line} is no outcome`);
    return { damage, outcome, detail: line.slice(outcome.length + 1) };
  });
}

/** @returns what one process prints; the last line may be about its own end */
async function linesFrom(folder: string, from: number): Promise<string[]> {
  const args = ['--input-type=module', '-e', USER, folder, String(from)];
  const { lines, end } = await linesOf(args);
  if (end === undefined) return [...lines];
  if (from + lines.length === 0 && end.startsWith('failed')) {
    throw new Error(`nothing was tried: ${end}`);
  }
  return [...lines, end];
}
