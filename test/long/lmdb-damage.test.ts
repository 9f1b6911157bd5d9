import fs from 'node:fs';
import { tryAll } from '../node/storage/damaged-state.ts';
import { bitFlips, mutilations, notAllowed } from '../node/storage/state-damages.ts';
import { SHAPES, shapedState, type ShapedState } from '../node/storage/state-shapes.ts';
import { Random } from '../simulation/random.ts';

const SEED = Number(process.env['SYNOD_SEED'] ?? '1');
const FLIPS = Number(process.env['SYNOD_FLIPS'] ?? '1000');

let state: ShapedState;
afterEach(() => state.place.clean());

test.each(SHAPES)(
  `of ${FLIPS} wrong bits and ${FLIPS} larger damages none ends a process, seed ${SEED}: %s`,
  async (shape) => {
    state = await shapedState(shape);
    const file = fs.readFileSync(state.file);
    const random = new Random(SEED);
    const damages = [
      ...bitFlips(file, FLIPS, random),
      ...mutilations(file, state.older, FLIPS, random),
    ];
    const trials = await tryAll(state.file, damages);
    expect(trials.filter(notAllowed)).toEqual([]);
    expect(trials.length).toBe(2 * FLIPS);
  },
  600_000,
);
