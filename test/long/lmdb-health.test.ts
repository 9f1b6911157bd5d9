import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkPages } from '../../node/src/storage/lmdb-pages.ts';
import { lmdbPlace, type LmdbPlace } from '../node/storage/state-places.ts';
import { write } from '../node/storage/state-shapes.ts';
import { StateWriter } from '../node/storage/state-writer.ts';
import { Random } from '../simulation/random.ts';
import { UnreliableDisk } from './unreliable-disk.ts';

/* What LMDB has written itself is never taken for damaged. */

const SEED = Number(process.env['SYNOD_SEED'] ?? '1');
const TRANSACTIONS = Number(process.env['SYNOD_TRANSACTIONS'] ?? '1000');
const ROUNDS = Number(process.env['SYNOD_ROUNDS'] ?? '30');

let place: LmdbPlace;
let file: string;
beforeEach(() => {
  place = lmdbPlace();
  file = path.join(place.folder, 'state.mdb');
});
afterEach(() => place.clean());

test.each([
  ['small values', 300],
  ['values of up to some pages', 9_000],
  ['large values', 200_000],
])(
  `after each of ${TRANSACTIONS} transactions, seed ${SEED}: %s`,
  async (_, most) => {
    const random = new Random(SEED);
    let state = place.open();
    for (let transaction = 1; transaction <= TRANSACTIONS; transaction += 1) {
      const deleted = random.next();
      const pinned = random.chance(0.1) ? state.snapshot() : undefined;
      for (let i = random.pick([3, 30, 300]); i > 0; i -= 1) {
        const key = `key ${random.below(3_000)} ${'x'.repeat(random.below(3) * 300)}`;
        const size = random.chance(0.2) ? random.below(most) : random.below(200);
        if (random.chance(deleted)) state.tables.delete('t', key);
        else state.tables.put('t', key, Buffer.alloc(size, i));
      }
      await write(state);
      pinned?.close();
      checkPages(file);
      if (random.chance(0.05)) {
        await state.close();
        state = place.open();
      }
    }
    await state.close();
  },
  600_000,
);

test(`after each of ${ROUNDS} kills, seed ${SEED}`, async () => {
  const random = new Random(SEED);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const last = await new StateWriter(place.folder).killAfter(random.below(300));
    checkPages(file);
    const state = place.open();
    expect(state.flushedSlotOut).toBeGreaterThanOrEqual(last);
    await state.close();
  }
}, 300_000);

test(`after each of ${ROUNDS} power cuts, seed ${SEED}`, async () => {
  const random = new Random(SEED);
  const root = fs.realpathSync(place.folder);
  const folder = fs.mkdtempSync(path.join(tmpdir(), 'synod-lmdb-health-'));
  const disk = new UnreliableDisk(folder, root);
  let lost = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const last = await new StateWriter(root, disk.environment()).killAfter(random.below(300));
    const survival = random.pick([0, 0.1, 0.5, 0.9]);
    lost += disk.powerCut(() => random.chance(survival));
    checkPages(file);
    const state = place.open();
    expect(state.flushedSlotOut).toBeGreaterThanOrEqual(last);
    await state.close();
  }
  fs.rmSync(folder, { recursive: true });
  // Cuts that hit nothing would prove nothing.
  expect(lost).toBeGreaterThan(ROUNDS);
}, 300_000);
