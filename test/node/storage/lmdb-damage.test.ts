import fs from 'node:fs';
import { Random } from '../../simulation/random.ts';
import { tryAll } from './damaged-state.ts';
import { META, newerMeta, PAGE_BYTES } from './lmdb-map.ts';
import { bitFlips, mutilations, notAllowed } from './state-damages.ts';
import { SHAPES, shapedState, type ShapedState } from './state-shapes.ts';

/* Many more of these are in test/long. */

const SEED = 1;
const FLIPS = 60;
const MUTILATIONS = 40;

let state: ShapedState;
afterEach(() => state.place.clean());

describe.each(SHAPES)(`%s`, (shape) => {
  beforeEach(async () => {
    state = await shapedState(shape);
  });

  test('with one wrong bit it is damaged, or can be used: no process ends of it', async () => {
    const damages = bitFlips(fs.readFileSync(state.file), FLIPS, new Random(SEED));
    const trials = await tryAll(state.file, damages);
    expect(trials.filter(notAllowed)).toEqual([]);
    // Otherwise it proves nothing.
    expect(trials.filter(({ outcome }) => outcome === 'damage').length).toBeGreaterThan(FLIPS / 4);
    expect(trials.filter(({ outcome }) => outcome === 'right').length).toBeGreaterThan(FLIPS / 10);
  }, 120_000);

  test('so it is with garbage, zeros, swapped and old pages, and another size', async () => {
    const file = fs.readFileSync(state.file);
    const damages = mutilations(file, state.older, MUTILATIONS, new Random(SEED));
    const trials = await tryAll(state.file, damages);
    expect(trials.filter(notAllowed)).toEqual([]);
    expect(trials.filter(({ outcome }) => outcome === 'damage').length).toBeGreaterThan(10);
  }, 120_000);
});

test('a meta page whose last write is lost looks like a crash before that write', async () => {
  state = await shapedState('small', 10);
  const file = fs.readFileSync(state.file);
  const at = newerMeta(file) + META.transaction;
  expect(file.readBigUInt64LE(at)).toBe(11n);
  // It had number 9; this is one bit. The roots are left out: nobody looks at those of the older.
  const [trial] = await tryAll(state.file, [{ what: 'lost', edits: [{ at, bytes: '09' }] }]);
  // Only the log can tell: it says which slots were in the state. See log-end.test.ts.
  expect(trial?.outcome).toBe('unnoticed');
});

test('the older one of two meta pages is never taken for the newer', async () => {
  state = await shapedState('small', 8);
  const at = PAGE_BYTES - newerMeta(fs.readFileSync(state.file)) + META.transaction;
  const [trial] = await tryAll(state.file, [{ what: '8 to 10', edits: [{ at, bytes: '0a' }] }]);
  expect(trial).toMatchObject({ outcome: 'damage' });
});
