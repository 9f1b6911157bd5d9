import fs from 'node:fs';
import path from 'node:path';
import { Random } from '../../simulation/random.ts';
import { damage, DAMAGE_KINDS, type DamageKind } from './folder-damages.ts';
import { readFolder, writeFolder, type FolderImage } from './folder-image.ts';
import { judge, judgeClone, knowledgeOf, type Judgement, type Knowledge } from './opening.ts';

/*
 * A process that damages a member's folder again and again, and opens what is left. It prints a
 * line for each. Arguments: a folder to work in, the kind of damage, the folder with the copies of
 * a life, the seed, and the numbers of the first damage and of the one after the last.
 */

const [work = '', kind = '', life = '', seed = '', first = '', end = ''] = process.argv.slice(2);
const folder = path.join(work, 'folder');

const copies: FolderImage[] = fs
  .readdirSync(life)
  .sort()
  .map((name) => readFolder(path.join(life, name)));
/** The newest ones: what it had, before it was damaged. */
const bases = await Promise.all(
  [1, 2, 3, 4].map(async (back) => {
    const at = copies.length - back;
    const image = copies[at] ?? new Map<string, Buffer>();
    const place = path.join(work, `base ${at}`);
    writeFolder(place, image);
    return { at, image, knowledge: await knowledgeOf(place) };
  }),
);

async function tryOne(number: number): Promise<Judgement & { what: string }> {
  const random = new Random(Number(seed) * 100_000 + number);
  const { at, image, knowledge } = random.pick(bases);
  if (kind === 'a clone') return { what: `of copy ${at}`, ...(await clone(image)) };
  const older = copies.slice(0, at);
  const damaged = damage(kind as DamageKind, image, older, random);
  writeFolder(folder, damaged.image);
  return { what: damaged.what, ...(await judged(knowledge)) };
}

async function clone(image: FolderImage): Promise<Judgement> {
  const copy = path.join(work, 'copy');
  writeFolder(folder, image);
  writeFolder(copy, image);
  return judgeClone(folder, copy);
}

async function judged(knowledge: Knowledge): Promise<Judgement> {
  try {
    return await judge(folder, knowledge);
  } catch (error) {
    return { outcome: 'failed', detail: String(error) };
  }
}

if (kind !== 'a clone' && !DAMAGE_KINDS.includes(kind as DamageKind)) throw new Error(kind);
for (let number = Number(first); number < Number(end); number++) {
  console.log(JSON.stringify(await tryOne(number)));
}
