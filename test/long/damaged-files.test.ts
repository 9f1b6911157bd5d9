import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { linesOf } from '../node/storage/line-process.ts';
import { DAMAGE_KINDS } from './damage/folder-damages.ts';
import { live } from './damage/life.ts';

/*
 * Damages of each kind on the files of a member that production code made and opens, and clusters
 * in which one member or a minority comes back with such files: see the table in docs/failures.md.
 * A thousand of each, and forty clusters, take a quarter of an hour: SYNOD_DAMAGES=1000
 * SYNOD_CLUSTERS=20.
 */

const SEED = process.env['SYNOD_SEED'] ?? '1';
const DAMAGES = Number(process.env['SYNOD_DAMAGES'] ?? '200');
const CLUSTERS = Number(process.env['SYNOD_CLUSTERS'] ?? '4');
const KINDS = [...DAMAGE_KINDS, 'a clone'];
const programs = path.resolve('build/simulation/test/long/damage');
/** A power cut is no part of it: the disk need not be one that is waited for. */
const MEMORY = '/dev/shm';

interface Trial {
  readonly what: string;
  readonly outcome: string;
}

let place: string;
beforeAll(async () => {
  const root = fs.existsSync(MEMORY) ? MEMORY : tmpdir();
  place = fs.mkdtempSync(path.join(root, 'synod-damage-'));
  await live(path.join(place, 'life'), path.join(place, 'cluster'), Number(SEED));
}, 60_000);
afterAll(() => fs.rmSync(place, { recursive: true, force: true }));

/** What the trials from one number to another come to, in as many processes as it takes. */
async function trials(
  program: string,
  args: string[],
  from: number,
  end: number,
): Promise<Trial[]> {
  const found: Trial[] = [];
  while (from + found.length < end) {
    const work = fs.mkdtempSync(path.join(place, 'work-'));
    const range = [from + found.length, end].map(String);
    const ran = await linesOf([path.join(programs, program), work, ...args, SEED, ...range]);
    fs.rmSync(work, { recursive: true });
    found.push(...ran.lines.map((line) => JSON.parse(line) as Trial));
    if (ran.end === undefined) break;
    if (found.length === 0 && ran.end.startsWith('failed')) throw new Error(ran.end);
    found.push({ what: `number ${from + found.length}`, outcome: ran.end });
  }
  return found;
}

describe.each(KINDS)(`%s, seed ${SEED}`, (kind) => {
  test(`of ${DAMAGES} on one member's files, none is amnesia or ends a process, and all are noticed`, async () => {
    const args = [kind, path.join(place, 'life')];
    const half = Math.ceil(DAMAGES / 2);
    const found = await Promise.all([
      trials('opening-trials.js', args, 0, half),
      trials('opening-trials.js', args, half, DAMAGES),
    ]);
    const all = found.flat();
    expect(all).toHaveLength(DAMAGES);
    const well = ['refused', 'right', 'anew', 'noticed', 'late', 'outvoted', 'blank'];
    expect(all.filter(({ outcome }) => !well.includes(outcome))).toEqual([]);
    const count = (sought: string): number =>
      all.filter(({ outcome }) => outcome === sought).length;
    // A key that was changed, or an older sector of a page, only the scrub finds.
    expect(count('late')).toBeLessThanOrEqual(DAMAGES / 25);
    // A run in which nothing was found would prove nothing.
    expect(count('right')).toBeLessThan(DAMAGES / 2);
  });

  test(`of ${2 * CLUSTERS} clusters with it in one member or in a minority, none loses or says what is wrong`, async () => {
    const found = await Promise.all(
      ['3', '5'].map((size) => trials('cluster-trials.js', [kind, size], 0, CLUSTERS)),
    );
    const all = found.flat();
    expect(all).toHaveLength(2 * CLUSTERS);
    expect(all.filter(({ outcome }) => outcome !== 'well')).toEqual([]);
  });
});
