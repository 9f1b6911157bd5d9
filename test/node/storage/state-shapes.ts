import fs from 'node:fs';
import path from 'node:path';
import type { StateStore } from '../../../node/src/storage/state.ts';
import { lmdbPlace, type LmdbPlace } from './state-places.ts';

/** What transaction after transaction writes to a state. */
type Writes = ({ tables }: StateStore, transaction: number) => void;

/** The tables that they have something in. */
export const TABLES = ['log', 'users', 'blobs'] as const;

const shapes = {
  small: (state, transaction) => putLog(state, 2 * transaction, 2),
  'deep trees': ({ tables }, transaction) => {
    for (let i = 0; i < 60; i += 1) {
      const key = `user ${(i * 37 + transaction) % 720} ${'x'.repeat(600)}`;
      tables.put('users', key, Buffer.alloc(30, i));
    }
  },
  'large values': (state, transaction) => {
    putLog(state, 40 * transaction, 40);
    for (let i = 0; i < 8; i += 1) {
      const value = Buffer.alloc(2_000 + ((i * transaction * 977) % 20_000), i);
      state.tables.put('blobs', `blob ${(i * 5 + transaction) % 20}`, value);
    }
  },
  'many deletions': (state, transaction) => {
    if (transaction <= 6) putLog(state, 1_600 * transaction, 1_600);
    for (let i = transaction; transaction > 6 && i < 11_200; i += 9) {
      state.tables.delete('log', ordinal(i));
    }
  },
} satisfies Record<string, Writes>;

export type Shape = keyof typeof shapes;
export const SHAPES = Object.keys(shapes) as Shape[];
/**
 * One bit makes the number of such a transaction that of the next one, and none makes it that of
 * the one before.
 */
const TRANSACTIONS = 13;

/** A state of that shape, closed, and its file as it was a few transactions before. */
export interface ShapedState {
  readonly place: LmdbPlace;
  readonly file: string;
  readonly older: Buffer;
}

export async function shapedState(shape: Shape, transactions = TRANSACTIONS): Promise<ShapedState> {
  const place = lmdbPlace();
  const file = path.join(place.folder, 'state.mdb');
  const state = place.open();
  const writes: Writes = shapes[shape];
  let older = Buffer.alloc(0);
  for (let transaction = 1; transaction <= transactions; transaction += 1) {
    writes(state, transaction);
    await write(state);
    if (transaction === transactions - 3) older = fs.readFileSync(file);
  }
  await state.close();
  return { place, file, older };
}

export function write(state: StateStore): Promise<void> {
  return new Promise((resolve, reject) => {
    const cut = state.cut(state.flushedSlotOut + 1);
    cut.write((error) => (error === undefined ? resolve() : reject(error)));
  });
}

function putLog({ tables }: StateStore, first: number, count: number): void {
  for (let i = first; i < first + count; i += 1)
    tables.put('log', ordinal(i), Buffer.alloc(100, i));
}

/** Eight bytes, in the order of the numbers. */
function ordinal(i: number): string {
  return String.fromCharCode(0, 0, 0, 0, 0, (i >> 16) & 255, (i >> 8) & 255, i & 255);
}
