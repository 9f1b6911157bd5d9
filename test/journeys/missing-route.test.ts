import { setTimeout as delay } from 'node:timers/promises';
import type { SynodClient } from '../../client/src/client.ts';
import type { AlarmCode } from '../../contract/src/alarms.ts';
import { RoutedCluster } from './routed-cluster.ts';
import { until } from './test-cluster.ts';
import { chatLog } from '../../machines/src/chat-log/calls.ts';

/* One route between two of three servers of NATS is missing, with real processes. */

const WATCHED_MS = 15_000;
const PAUSE_MS = 100;
/** Alarms of the machine that the test runs on: others compute on it, too. */
const OF_THE_MACHINE: readonly AlarmCode[] = ['loop-stalled', 'disk-slow'];

let cluster: RoutedCluster;
beforeEach(async () => {
  cluster = new RoutedCluster(3);
  await cluster.start();
}, 60_000);
afterEach(() => cluster.remove(), 20_000);

/** At which server the one leads whom all members name. */
function leader(): Promise<number> {
  return until('one leader', async () => {
    const statuses = await cluster.statuses();
    const found = statuses.findIndex(({ role }) => role === 'leader');
    const id = statuses[found]?.member;
    return id !== undefined && statuses.every((each) => each.leader === id) ? found : undefined;
  });
}

/** Appends one text after the other; each has to be acknowledged. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly #client: SynodClient;
  readonly #name: string;
  readonly #work: Promise<void>;
  #isOver = false;

  constructor(client: SynodClient, name: string) {
    this.#client = client;
    this.#name = name;
    this.#work = this.#append();
    this.#work.catch(() => undefined); // `end` says it.
  }

  async #append(): Promise<void> {
    while (!this.#isOver) {
      const text = `${this.#name}, text ${this.acknowledged.length}`;
      await this.#client.machine(chatLog).append(text);
      this.acknowledged.push(text);
      await delay(PAUSE_MS);
    }
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await this.#work;
  }
}

/** Each client is answered anew, also when it reads. */
async function allAnswered(writers: readonly Writer[]): Promise<void> {
  const before = writers.map(({ acknowledged }) => acknowledged.length);
  await until('answers for each client', () => {
    // What was under way before may have been answered just now.
    return writers.every((each, i) => each.acknowledged.length > (before[i] ?? 0) + 1) || undefined;
  });
  await Promise.all(cluster.clients.map((client) => client.machine(chatLog).read({ limit: 1 })));
}

/** All are ready, and nobody has an alarm. */
async function allWell(): Promise<boolean> {
  const statuses = await cluster.statuses();
  const codes = statuses.flatMap(({ alarmCodes }) => alarmCodes);
  const isWell = codes.every((code) => OF_THE_MACHINE.includes(code));
  return isWell && statuses.every(({ ready }) => ready);
}

test.each(['cut', 'silence'] as const)(
  'the route from the leader to a follower is missing (%s): the third member leads, once; clients at all servers go on, and nothing is lost',
  async (fault) => {
    const first = await leader();
    const far = (first + 1) % 3;
    const third = (first + 2) % 3;
    const writers = cluster.clients.map((client, i) => new Writer(client, `n${i}`));
    await allAnswered(writers);
    const route = cluster.nats.route(first, far);
    const reached = [0, 1, 2].map((server) => (server === third ? 3 : 2));
    const before = cluster.terms();

    route[fault]();
    await until('the third one to lead', async () => (await leader()) === third || undefined);
    await allAnswered(writers);
    const terms = cluster.terms();
    // Where the third one was not heard for a moment either, the far one may have led before it.
    const between = terms.slice(before.length, -1);
    expect([[], [`n${far}`]]).toContainEqual(between);
    expect(terms).toEqual([...before, ...between, `n${third}`]);
    expect(await cluster.seen()).toEqual(reached);
    await delay(WATCHED_MS);
    expect(await cluster.seen()).toEqual(reached); // Nobody has found another way.
    expect(cluster.terms()).toEqual(terms);
    await allAnswered(writers);

    route.giveBack();
    await until('every route', async () => {
      return (await cluster.seen()).every((count) => count === 3) || undefined;
    });
    await allAnswered(writers);
    await Promise.all(writers.map((writer) => writer.end()));
    await until('no alarm', async () => (await allWell()) || undefined);
    expect(await leader()).toBe(third);
    expect(cluster.terms()).toEqual(terms);
    const expected = writers.flatMap(({ acknowledged }) => acknowledged).toSorted();
    const limit = expected.length + 1;
    for (const client of cluster.clients) {
      expect((await client.machine(chatLog).read({ limit })).texts.toSorted()).toEqual(expected);
    }
  },
  120_000,
);
