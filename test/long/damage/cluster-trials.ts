import fs from 'node:fs';
import path from 'node:path';
import { Random } from '../../simulation/random.ts';
import { FileCluster } from './file-cluster.ts';
import type { FileMember } from './file-member.ts';
import { damage, type DamageKind } from './folder-damages.ts';
import { readFolder, writeFolder, type FolderImage } from './folder-image.ts';

/*
 * A process in which clusters over real files are damaged: one member, or a minority. It prints a
 * line for each. Arguments: a folder to work in, the kind of damage, how many members, the seed,
 * and the numbers of the first cluster and of the one after the last.
 */

const [work = '', kind = '', size = '', seed = '', first = '', end = ''] = process.argv.slice(2);

/** So long whoever has come back asks the others, and is heard by them. */
const HEARD_TICKS = 30;
/** Longer than it takes to elect a leader. */
const ELECTED_TICKS = 250;

/** What each cluster begins with: folders of members that have worked, and older copies of them. */
interface Past {
  readonly images: readonly FolderImage[];
  readonly older: readonly (readonly FolderImage[])[];
  readonly expected: ReadonlyMap<string, number>;
}

async function past(): Promise<Past> {
  const cluster = new FileCluster(path.join(work, 'past'), Number(size), new Random(Number(seed)));
  const older: FolderImage[][] = cluster.members.map(() => []);
  cluster.begin();
  for (let add = 0; add < 60; add++) {
    await cluster.add(cluster.registers[add % 20] ?? '');
    if (add % 10 > 0) continue;
    for (const [i, member] of cluster.members.entries()) older[i]?.push(readFolder(member.folder));
  }
  await cluster.even();
  await cluster.close();
  const images = cluster.members.map(({ folder }) => readFolder(folder));
  return { images, older, expected: cluster.expected };
}

async function tryOne(number: number, { images, older, expected }: Past): Promise<string> {
  const random = new Random(Number(seed) * 100_000 + number);
  const folder = path.join(work, String(number));
  const cluster = new FileCluster(folder, Number(size), random, expected);
  for (const [i, image] of images.entries()) {
    writeFolder(path.join(folder, `n${i}`), image);
  }
  cluster.begin();
  try {
    const what = await suffer(cluster, older, random);
    for (const register of cluster.registers) await cluster.check(register);
    await cluster.even();
    return what;
  } finally {
    await cluster.close();
    fs.rmSync(folder, { recursive: true });
  }
}

async function suffer(
  cluster: FileCluster,
  older: readonly (readonly FolderImage[])[],
  random: Random,
): Promise<string> {
  const some = async (): Promise<void> => {
    for (let left = 3; left > 0; left--) await cluster.add(random.pick(cluster.registers));
  };
  const wait = async (ticks: number): Promise<void> => {
    for (let tick = 0; tick < ticks; tick++) await cluster.tick();
  };
  await some();
  const shuffled = cluster.members
    .map((member, i) => ({ member, older: [...(older[i] ?? [])], luck: random.next() }))
    .sort((a, b) => a.luck - b.luck);
  const victims = shuffled.splice(0, Math.floor((cluster.members.length - 1) / 2));
  const [witness, away] = shuffled.map(({ member }) => member);
  for (const { member, older: copies } of victims) copies.push(readFolder(member.folder));
  // One of three was away while all was promised; it cannot know.
  const isAway = away !== undefined && random.chance(0.5) && victims.length === 1;
  if (isAway) await cluster.kill(away);
  await some();

  const what: string[] = [];
  for (const { member, older: copies } of victims) {
    if (kind === 'a clone') {
      cluster.clone(member);
      what.push('a clone');
      continue;
    }
    const damaged = damage(kind as DamageKind, await cluster.kill(member), copies, random);
    writeFolder(member.folder, damaged.image);
    what.push(damaged.what);
    cluster.start(member);
  }
  await wait(HEARD_TICKS);
  if (isAway && witness !== undefined) {
    // Those who heard it have told it, and are gone: it may decide nothing with who was away.
    writeFolder(witness.folder, await cluster.kill(witness));
    cluster.start(away);
    await cluster.offer(random.pick(cluster.registers), ELECTED_TICKS);
    cluster.start(witness);
    await cluster.answered();
  }
  await some();
  const found = victims.map(({ member }, i) => `${what[i] ?? ''} → ${faultOf(member)}`);
  return found.join('; ');
}

function faultOf({ fault }: FileMember): string {
  if (fault === undefined) return 'it goes on';
  // What nobody expects says less.
  const isKnown = /damaged|process|belongs|format|holds no|data folder|not of|decided/.test(
    fault.message,
  );
  if (!isKnown) throw fault;
  return fault.message;
}

const before = await past();
for (let number = Number(first); number < Number(end); number++) {
  let line: { outcome: string; what: string };
  try {
    line = { outcome: 'well', what: await tryOne(number, before) };
  } catch (error) {
    line = {
      outcome: 'failed',
      what: error instanceof Error ? (error.stack ?? '') : String(error),
    };
  }
  console.log(JSON.stringify(line));
}
