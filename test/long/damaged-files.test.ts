import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { linesOf } from '../node/storage/line-process.ts';
import { DAMAGE_KINDS } from './damage/folder-damages.ts';
import { live } from './damage/life.ts';

/*
 * A thousand damages of each kind on the files of a member that production code made and opens: see
 * the table in docs/failures.md.
 */

const SEED = Number(process.env['SYNOD_SEED'] ?? '1');
const DAMAGES = Number(process.env['SYNOD_DAMAGES'] ?? '1000');
const OPENINGS = path.resolve('build/simulation/test/long/damage/opening-trials.js');
/** A power cut is no part of it: the disk need not be one that is waited for. */
const MEMORY = '/dev/shm';

interface Trial {
  readonly what: string;
  readonly outcome: string;
  readonly detail: string;
}

let place: string;
beforeAll(async () => {
  const root = fs.existsSync(MEMORY) ? MEMORY : tmpdir();
  place = fs.mkdtempSync(path.join(root, 'synod-damage-'));
  await live(path.join(place, 'life'), path.join(place, 'cluster'), SEED);
}, 60_000);
afterAll(() => fs.rmSync(place, { recursive: true, force: true }));

/** As many processes as it takes: one that ends goes on behind what ended it. */
async function openings(kind: string): Promise<Trial[]> {
  const trials: Trial[] = [];
  while (trials.length < DAMAGES) {
    const work = fs.mkdtempSync(path.join(place, 'work-'));
    const [from, end] = [trials.length, DAMAGES].map(String);
    const args = [OPENINGS, path.join(place, 'life'), work, kind, String(SEED), from, end];
    const { lines, end: why } = await linesOf(args as string[]);
    trials.push(...lines.map((line) => JSON.parse(line) as Trial));
    if (why === undefined) break;
    if (lines.length === 0 && why.startsWith('failed')) throw new Error(why);
    trials.push({ what: `number ${trials.length}`, outcome: why, detail: '' });
  }
  return trials;
}

const allowed = ['refused', 'right', 'anew', 'noticed', 'outvoted', 'blank'];

test.each([...DAMAGE_KINDS, 'a clone'])(
  `of ${DAMAGES} damages none is amnesia, none a wrong answer, none ends a process, seed ${SEED}: %s`,
  async (kind) => {
    const trials = await openings(kind);
    if (process.env['SYNOD_COUNTS']) {
      const counts: Record<string, number> = {};
      for (const { outcome } of trials) counts[outcome] = (counts[outcome] ?? 0) + 1;
      console.log(kind, counts);
    }
    expect(trials.filter(({ outcome }) => !allowed.includes(outcome))).toEqual([]);
    expect(trials).toHaveLength(DAMAGES);
    // A run in which nothing was found would prove nothing.
    expect(trials.filter(({ outcome }) => outcome !== 'right').length).toBeGreaterThan(DAMAGES / 4);
  },
);
