import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../cli/src/bench/until.ts';
import { placed, type ChatCall } from '../simulation/checks/placed.ts';
import { builtPorcupine, withGo } from '../simulation/checks/with-go.ts';
import { Random } from '../simulation/random.ts';
import { calm } from './calm.ts';
import { all } from './turmoil/all.ts';
import { Author } from './turmoil/author.ts';
import { BatteredCluster, type Kept } from './turmoil/battered-cluster.ts';
import { rounds } from './turmoil/faults.ts';
import { History, type Way } from './turmoil/history.ts';
import { withLostAppend, withStaleRead } from './turmoil/planted.ts';
import { Report } from './turmoil/report.ts';

/*
 * Real processes and a real broker under faults, and clients of the SDK whose history has to be
 * linearizable: Porcupine judges it.
 */

const SEED = Number(process.env['SYNOD_SEED'] ?? '1');
const SECONDS = Number(process.env['SYNOD_SECONDS'] ?? '60');
/** Of the SDK's clients; two wait as long as the SDK does by itself. */
const DEADLINES_MS = [10_000, 10_000, 3_000, 1_500];
const AUTHORS_EACH = 2;
const PAUSE_MS = 20;
/** What Porcupine needs grows with the square of it. */
const MOST_CALLS = 20_000;
/** Between two rounds of faults. */
const PROGRESS = { appends: 20, logReads: 5, quorumReads: 5 };
const PROGRESS_DEADLINE_MS = 20_000;
const JUDGE_SECONDS = 60;

const porcupine = builtPorcupine();

/** Four clients, with a few calls at a time each. */
async function authorsOf(
  cluster: BatteredCluster,
  history: History,
  random: Random,
  reads: readonly Way[],
): Promise<Author[]> {
  const authors: Author[] = [];
  const count = DEADLINES_MS.length * AUTHORS_EACH;
  const pauseMs = Math.max(PAUSE_MS, (count * SECONDS * 1_000) / MOST_CALLS);
  for (const [i, deadlineMs] of DEADLINES_MS.entries()) {
    const client = await cluster.client(deadlineMs);
    for (let each = 0; each < AUTHORS_EACH; each++) {
      const name = `c${i}.${each}`;
      authors.push(new Author({ name, client, random: random.fork(), history, pauseMs, reads }));
    }
  }
  return authors;
}

/** Each kind of call has been answered so much more often. */
async function progress(history: History): Promise<void> {
  const before = history.answered();
  const kinds = Object.keys(PROGRESS) as (keyof typeof PROGRESS)[];
  const seen = (): string => {
    return `answers, ${JSON.stringify(history.answered())} after ${JSON.stringify(before)}`;
  };
  await until(seen, PROGRESS_DEADLINE_MS, () => {
    const now = history.answered();
    return kinds.every((kind) => now[kind] >= before[kind] + PROGRESS[kind]) || undefined;
  });
}

interface Battered {
  /** How many rounds of faults there were, and how long progress took after them at most. */
  readonly rounds: number;
  readonly slowestMs: number;
}

async function batter(
  cluster: BatteredCluster,
  history: History,
  random: Random,
): Promise<Battered> {
  const end = performance.now() + SECONDS * 1_000;
  let count = 0;
  let slowestMs = 0;
  for (const round of rounds(random, cluster.names.length)) {
    const before = performance.now();
    await progress(history);
    slowestMs = Math.max(slowestMs, Math.round(performance.now() - before));
    if (performance.now() > end) break;
    await delay(round.restMs);
    await cluster.strike(round);
    count += 1;
  }
  return { rounds: count, slowestMs };
}

/** With what each member has in the end: a read of all, after everything else. */
function wholeOf(history: History, kept: ReadonlyMap<string, Kept>): ChatCall[] {
  const last = [...kept].map(([client, { texts }]): ChatCall => {
    const input = { type: 'read', from: 0, limit: texts.length + 1 } as const;
    const output = { type: 'texts', texts, total: texts.length } as const;
    return { client, input, output, calledAt: history.now(), returnedAt: history.now() };
  });
  const [{ texts } = { texts: [] }] = [...kept.values()];
  return placed([...history.calls, ...last], texts);
}

/** Authors work until something else has ended. @returns what that gives */
async function meanwhile<T>(authors: readonly Author[], other: Promise<T>): Promise<T> {
  let isOver = false;
  const ended = other.finally(() => (isOver = true));
  await all<unknown>([ended, ...authors.map((author) => author.work(() => isOver))]);
  return ended;
}

function textsOf(calls: readonly ChatCall[]): string[] {
  return calls.flatMap(({ input }) => (input.type === 'append' ? [input.text] : []));
}

/** Each member has every acknowledged text, once; and none that was refused or never sent. */
function expectTexts(calls: History['calls'], kept: ReadonlyMap<string, Kept>): void {
  const [first = { texts: [], stateHash: '' }, ...others] = kept.values();
  for (const other of others) expect(other).toEqual(first);
  const found = new Set(first.texts);
  expect(found.size).toBe(first.texts.length);
  const acknowledged = textsOf(calls.filter(({ output }) => output !== undefined));
  expect(acknowledged.filter((text) => !found.has(text))).toEqual([]);
  const refused = new Set(textsOf(calls.filter(({ code }) => code === 'TOO_LARGE')));
  const sent = new Set(textsOf(calls));
  expect(first.texts.filter((text) => refused.has(text) || !sent.has(text))).toEqual([]);
}

/** The history is linearizable; and with one answer changed it is not. */
async function expectLinearizable(whole: readonly ChatCall[]): Promise<void> {
  const options = { deadlineSeconds: JUDGE_SECONDS };
  const [judged] = await porcupine().judge('chat-log', [whole], { ...options, explain: true });
  const unexplained = whole[judged?.operation ?? -1];
  expect([judged?.verdict, unexplained]).toEqual(['Ok', undefined]);
  const planted = [withStaleRead(whole), withLostAppend(whole)];
  const noticed = await porcupine().judge('chat-log', planted, options);
  expect(noticed).toEqual([{ verdict: 'Illegal' }, { verdict: 'Illegal' }]);
}

/** A run in which too little happened would prove nothing; and users get no other errors. */
function expectEnough({ calls }: History, battered: Battered): void {
  expect(battered.rounds).toBeGreaterThan(SECONDS / 15);
  const codes = new Set(calls.flatMap(({ code }) => code ?? []));
  expect(codes).toContain('TOO_LARGE');
  expect([...codes].filter((code) => code !== 'TOO_LARGE' && code !== 'TIMED_OUT')).toEqual([]);
}

/** How much was checked, in words. */
function sizes(history: History, { rounds, slowestMs }: Battered): string {
  const { appends, logReads, quorumReads } = history.answered();
  const open = history.calls.filter(({ code }) => code === 'TIMED_OUT').length;
  return (
    `seed ${SEED}: ${rounds} rounds of faults, progress after ${slowestMs} ms at most; answered: ${appends} appends, ` +
    `${logReads} reads through the log, ${quorumReads} of a quorum; ${open} calls timed out\n`
  );
}

withGo(
  `kill -9, SIGSTOP and restarts of the broker for ${SECONDS} s, seed ${SEED}: what clients saw is linearizable, and every acknowledged text is at every member, once`,
  async () => {
    const history = new History();
    const report = new Report(`turmoil-${SEED}`, history);
    const random = new Random(SEED);
    const cluster = await BatteredCluster.start(report.say);
    try {
      const authors = await authorsOf(cluster, history, random, ['quorum', 'request']);
      const battered = await meanwhile(authors, batter(cluster, history, random));
      for (const author of authors) await all([author.read('quorum'), author.read('request')]);
      await calm(cluster.observer, cluster.names.length);
      const kept = await cluster.end();
      process.stderr.write(sizes(history, battered));
      expectEnough(history, battered);
      expectTexts(history.calls, kept);
      await expectLinearizable(wholeOf(history, kept));
    } catch (cause) {
      report.write();
      await cluster.endAndCopy(report.folder);
      throw new Error(`seed ${SEED} failed; its history is in ${report.folder}`, { cause });
    } finally {
      await cluster.remove();
    }
  },
  SECONDS * 1_000 + 240_000,
);

/** Whether a read lacks what was acknowledged before it was called. */
function isStale(calls: History['calls']): boolean {
  return calls.some(({ output, calledAt }) => {
    if (output?.type !== 'texts') return false;
    return calls.some(({ output: before, returnedAt = Infinity }) => {
      return (
        returnedAt < calledAt && before?.type === 'appended' && before.position >= output.total
      );
    });
  });
}

withGo(
  'with reads of whatever a member has, the history is refused',
  async () => {
    const history = new History();
    const cluster = await BatteredCluster.start();
    try {
      const authors = await authorsOf(cluster, history, new Random(SEED), ['local']);
      const stale = (): true | undefined => isStale(history.calls) || undefined;
      await meanwhile(authors, until('a stale read', PROGRESS_DEADLINE_MS, stale));
      await calm(cluster.observer, cluster.names.length);
      const whole = wholeOf(history, await cluster.end());
      const options = { deadlineSeconds: JUDGE_SECONDS };
      expect(await porcupine().judge('chat-log', [whole], options)).toEqual([
        { verdict: 'Illegal' },
      ]);
    } finally {
      await cluster.remove();
    }
  },
  90_000,
);
