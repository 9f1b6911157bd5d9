import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { linesOf } from './line-process.ts';
import { ids, lmdbPlace } from './state-places.ts';

/* LMDB gives each range a cursor, and has it back when the range is over or is told to end. */

const MIB = 1024 * 1024;
const STATE = pathToFileURL(path.resolve('dist/node/src/storage/lmdb-state.js')).href;

/** Leaves ranges in the middle, in a process of its own; prints its memory beside V8's heap. */
const READER = `
import { openLmdbState } from '${STATE}';
const state = openLmdbState({ folder: process.argv[1], ...${JSON.stringify(ids)} });
for (let i = 1000; i < 2000; i++) state.tables.put('t', 'k' + i, new Uint8Array(100));
await new Promise((resolve) => state.cut(1).write(resolve));
for (const times of [20_000, 40_000, 40_000, 40_000]) {
  for (let i = 0; i < times; i++) {
    Array.from(state.tables.range('t', { from: 'k1100', limit: 2, reverse: i % 2 === 0 }));
    if (i % 500 === 0) await new Promise(setImmediate);
  }
  gc();
  const { rss, heapTotal } = process.memoryUsage();
  console.log(rss - heapTotal);
}
await state.close();`;

test('ranges that are left before their end leave nothing', async () => {
  const place = lmdbPlace();
  const args = ['--expose-gc', '--input-type=module', '-e', READER, place.folder];
  const { lines, end } = await linesOf(args);
  place.clean();
  const [before = 0, , , after = 0] = lines.map(Number);
  expect(end).toBeUndefined();
  // A cursor takes some 400 bytes: they would be 48 MiB.
  expect(after - before).toBeLessThan(16 * MIB);
}, 60_000);
