import fs from 'node:fs';
import path from 'node:path';
import { openDataFolder } from '../../../node/src/storage/data-folder.ts';
import { Random } from '../../simulation/random.ts';
import { FileCluster } from './file-cluster.ts';
import { CLUSTER } from './file-member.ts';
import { readFolder, writeFolder, type FolderImage } from './folder-image.ts';

const ADDS = 400;
const ADDS_TO_COPY = 15;

/**
 * Lets a member of three live, with copies of its folder from time to time: blank, at work, after
 * kills, and after it was stopped. Of the last four two are of a member at work, one of a killed
 * one, and one of a stopped one.
 * @param copies a folder for the copies; the oldest has the first name
 * @param work a folder for the cluster
 */
export async function live(copies: string, work: string, seed: number): Promise<void> {
  const cluster = new FileCluster(work, 3, new Random(seed));
  const [, member] = cluster.members;
  if (member === undefined) throw new Error('there is no such member');
  let count = 0;
  const keep = (image: FolderImage): void => {
    writeFolder(path.join(copies, String((count += 1)).padStart(4, '0')), image);
  };
  const copy = (): void => keep(readFolder(member.folder));
  fs.mkdirSync(copies);
  openDataFolder(member.folder, { cluster: CLUSTER });
  copy();
  cluster.begin();
  copy();
  for (let add = 1; add <= ADDS; add++) {
    await cluster.add(cluster.registers[add % cluster.registers.length] ?? '');
    if (add % ADDS_TO_COPY !== 0) continue;
    copy();
    if (add % (4 * ADDS_TO_COPY) === 0) {
      if (add % (8 * ADDS_TO_COPY) === 0) await cluster.stop(member);
      else writeFolder(member.folder, await cluster.kill(member));
      copy();
      cluster.start(member);
    }
  }
  keep(await cluster.kill(member));
  copy();
  await cluster.close();
}
