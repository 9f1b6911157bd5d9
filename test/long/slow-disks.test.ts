import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../cli/src/bench/until.ts';
import { LocalCluster } from '../../cli/src/local/local-cluster.ts';
import { connect, type SynodClient } from '../../client/src/client.ts';
import { NODE_PROGRAM, TestFolder } from '../journeys/test-cluster.ts';
import { calm } from './calm.ts';
import { UnreliableDisk } from './unreliable-disk.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* Real processes whose disks are slow: all of them, or that of one member for good. */

const SYNC_MS = 2_000;
const WATCHED_MS = 50_000;
/** No call may take longer: it would fail. */
const CLIENT_DEADLINE_MS = 60_000;
const AUTHORS = 4;
/** So many writes an answer may take on the average, each of which may wait for another one. */
const WRITES_AN_ANSWER = 5;
/** After so many writes another one leads: three times what it takes. */
const WRITES_AN_ELECTION = 15;

let folder: TestFolder;
beforeEach(() => {
  folder = new TestFolder();
});
afterEach(() => folder.remove());

/** Appends one text after the other, each of which has to be acknowledged. */
class Author {
  readonly texts: string[] = [];
  quickestMs = Infinity;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  async work(client: SynodClient, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const text = `${this.#name}, text ${this.texts.length}`;
      const begun = performance.now();
      await client.machine(chatLog).append(text);
      this.quickestMs = Math.min(this.quickestMs, performance.now() - begun);
      this.texts.push(text);
    }
  }
}

/** Each one is answered so often from now on. */
async function answered(authors: readonly Author[], count: number): Promise<void> {
  const before = authors.map(({ texts }) => texts.length);
  await until('answers', CLIENT_DEADLINE_MS, () => {
    return authors.every(({ texts }, i) => texts.length >= (before[i] ?? 0) + count) || undefined;
  });
}

test('all disks are slow: one member leads and serves at their speed; when it is killed, another one does', async () => {
  const { workspace, cluster: name } = folder;
  fs.mkdirSync(workspace.dataOf(name), { recursive: true });
  const disk = new UnreliableDisk(folder.path, workspace.dataOf(name));
  const nodeEnvironment = disk.environment();
  const cluster = await LocalCluster.start({
    ...{ workspace, cluster: name, nodes: 3, program: NODE_PROGRAM, nodeEnvironment },
  });
  const { natsUrl, names } = cluster;
  const client = await connect({ natsUrl, cluster: name, deadlineMs: CLIENT_DEADLINE_MS });
  try {
    await client.machine(chatLog).append('while the disks are quick');
    const terms = folder.terms(names);
    disk.takes(SYNC_MS);
    await delay(2 * SYNC_MS); // What was written quickly is over.
    const authors = Array.from({ length: AUTHORS }, (_, i) => new Author(`author ${i}`));
    let isOver = false;
    const written = Promise.all(authors.map((author) => author.work(client, () => isOver)));
    written.catch(() => undefined); // It is awaited below.

    await answered(authors, 1);
    const before = authors.map(({ texts }) => texts.length);
    await delay(WATCHED_MS);
    expect(folder.terms(names)).toEqual(terms);
    const expected = WATCHED_MS / SYNC_MS / WRITES_AN_ANSWER;
    for (const [i, { texts }] of authors.entries()) {
      expect(texts.length - (before[i] ?? 0)).toBeGreaterThan(expected);
    }

    const leader = terms.at(-1) ?? '';
    cluster.node(leader)?.kill('SIGKILL');
    await cluster.node(leader)?.exit;
    await until('another leader', WRITES_AN_ELECTION * SYNC_MS, () => {
      return folder.terms(names).length > terms.length || undefined;
    });
    await answered(authors, 2); // What was under way may have been answered before.
    const [next, ...more] = folder.terms(names).slice(terms.length);
    expect(names.filter((each) => each !== leader)).toContain(next);
    expect(more).toEqual([]);
    isOver = true;
    await written;
    // No answer came before its command was on the disks of a quorum.
    for (const { quickestMs } of authors) expect(quickestMs).toBeGreaterThan(0.9 * SYNC_MS);

    disk.takes(0);
    await cluster.startMember(leader);
    await calm(client, names.length);
    const all = ['while the disks are quick', ...authors.flatMap(({ texts }) => texts)];
    expect((await client.machine(chatLog).read()).texts.toSorted()).toEqual(all.toSorted());
  } finally {
    await client.close();
  }
}, 240_000);

/** More than may wait for a disk. */
const TEXTS = 2_000;
const TEXT_BYTES = 64 * 1024;
/** No write ends any more. */
const STALLED_MS = 600_000;

test('the state of one is not written any more: whoever asks it to, it does not lead; the others serve', async () => {
  const { workspace, cluster: name } = folder;
  const data = workspace.dataOf(name);
  fs.mkdirSync(data, { recursive: true });
  const disk = new UnreliableDisk(folder.path, path.join(fs.realpathSync(data), 'n0', 'state.mdb'));
  const nodeEnvironment = disk.environment();
  const cluster = await LocalCluster.start({
    ...{ workspace, cluster: name, nodes: 3, program: NODE_PROGRAM, nodeEnvironment },
  });
  const { natsUrl, names } = cluster;
  const client = await connect({ natsUrl, cluster: name, deadlineMs: CLIENT_DEADLINE_MS });
  const log = client.machine(chatLog);
  const statusOf = async (member: string) =>
    (await client.admin.status({ expect: 3 })).find((each) => each.name === member);
  try {
    await log.append('while the disks are quick');
    disk.takes(STALLED_MS);
    const all = Array.from({ length: TEXTS }, (_, i) => `${i} `.padEnd(TEXT_BYTES, 'x'));
    await Promise.all(all.map((text) => log.append(text)));
    const stalled = await statusOf('n0');
    expect(stalled?.slotOut).toBeLessThan((await statusOf('n1'))?.slotOut ?? 0);

    const asked = client.admin.transferLeadership(stalled?.member);
    await expect(asked).rejects.toMatchObject({ code: 'NOT_TRANSFERRED' });
    const { position } = await log.append('afterwards');
    expect(position).toBe(TEXTS + 1);
    expect((await statusOf('n0'))?.role).toBe('follower');
  } finally {
    await client.close();
    for (const each of names) cluster.node(each)?.kill('SIGKILL'); // It cannot stop in order.
  }
}, 240_000);
