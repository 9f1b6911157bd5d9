import { Queue, type Failure, type WorkResult } from '../../../operator/src/kube/queue.ts';
import { ManualClock, settle } from './manual-clock.ts';

interface Open {
  readonly resolve: (result: WorkResult) => void;
  readonly reject: (error: Error) => void;
}

/** Work that ends when it is told to, and what was seen of it. */
class Workshop {
  readonly clock = new ManualClock();
  /** `key@time`, for each piece of work that was begun. */
  readonly begun: string[] = [];
  readonly failures: (Failure | undefined)[] = [];
  readonly queue: Queue;
  readonly #open = new Map<string, Open>();
  most = 0;

  constructor(concurrency = 2) {
    this.queue = new Queue({
      work: (key) => this.#begin(key),
      concurrency,
      clock: this.clock,
      random: () => 1 - Number.EPSILON,
      onDone: (_key, _ms, failure) => this.failures.push(failure),
    });
  }

  #begin(key: string): Promise<WorkResult> {
    this.begun.push(`${key}@${Math.round(this.clock.now())}`);
    if (this.#open.has(key)) throw new Error(`${key} is worked on twice`);
    return new Promise((resolve, reject) => {
      this.#open.set(key, { resolve, reject });
      this.most = Math.max(this.most, this.#open.size);
    });
  }

  async end(key: string, result: WorkResult = {}): Promise<void> {
    this.#take(key).resolve(result);
    await settle();
  }

  async fail(key: string): Promise<void> {
    this.#take(key).reject(new Error('it failed'));
    await settle();
  }

  #take(key: string): Open {
    const open = this.#open.get(key);
    if (open === undefined) throw new Error(`${key} is not worked on`);
    this.#open.delete(key);
    return open;
  }
}

test('a key that waits is not added again', async () => {
  const shop = new Workshop(1);
  for (const key of ['a', 'b', 'b', 'b', 'c']) shop.queue.add(key);
  expect(shop.queue.depth).toBe(2);
  for (const key of ['a', 'b', 'c']) await shop.end(key);
  expect(shop.begun).toEqual(['a@0', 'b@0', 'c@0']);
});

test('a key is worked on by one at a time, and again if it changed meanwhile', async () => {
  const shop = new Workshop();
  shop.queue.add('a');
  shop.queue.add('a');
  shop.queue.add('a');
  expect(shop.begun).toEqual(['a@0']);
  await shop.end('a');
  expect(shop.begun).toEqual(['a@0', 'a@0']);
  await shop.end('a');
  await shop.clock.turn(1_000_000);
  expect(shop.begun).toHaveLength(2);
});

test('no more keys at a time than allowed, and in the order of their coming', async () => {
  const shop = new Workshop(2);
  for (const key of ['a', 'b', 'c', 'd']) shop.queue.add(key);
  expect(shop.begun).toEqual(['a@0', 'b@0']);
  await shop.end('b');
  await shop.end('a');
  expect(shop.begun).toEqual(['a@0', 'b@0', 'c@0', 'd@0']);
  expect(shop.most).toBe(2);
});

test('work says when its key comes again; a change brings it forward', async () => {
  const shop = new Workshop();
  shop.queue.add('a');
  await shop.end('a', { againAfterMs: 5_000 });
  await shop.clock.turn(4_999);
  expect(shop.begun).toEqual(['a@0']);
  await shop.clock.turn(1);
  await shop.end('a', { againAfterMs: 5_000 });
  await shop.clock.turn(1_000);
  shop.queue.add('a');
  expect(shop.begun).toEqual(['a@0', 'a@5000', 'a@6000']);
  await shop.end('a');
  await shop.clock.turn(100_000);
  expect(shop.begun).toHaveLength(3);
});

test('the earlier of two delays counts', async () => {
  const shop = new Workshop();
  shop.queue.addAfter('a', 5_000);
  shop.queue.addAfter('a', 3_000);
  shop.queue.addAfter('a', 4_000);
  await shop.clock.turn(10_000);
  expect(shop.begun).toEqual(['a@3000']);
});

test('failures come again later and later, up to a minute; others do not wait for them', async () => {
  const shop = new Workshop();
  shop.queue.add('a');
  const pauses: number[] = [];
  for (let n = 0; n < 11; n += 1) {
    await shop.fail('a');
    const pause = shop.failures.at(-1)?.againAfterMs ?? 0;
    pauses.push(Math.round(pause));
    shop.queue.add('b');
    await shop.end('b');
    await shop.clock.turn(pause);
  }
  expect(pauses.slice(0, 4)).toEqual([250, 500, 1_000, 2_000]);
  expect(pauses.at(-1)).toBe(60_000);

  // A success is a new beginning.
  await shop.end('a');
  shop.queue.add('a');
  await shop.fail('a');
  expect(shop.failures.at(-1)?.againAfterMs).toBeCloseTo(250);
});

test('pauses of keys that failed together differ', () => {
  const pauses = [0, 0.5].map(async (random) => {
    const clock = new ManualClock();
    return new Promise<number | undefined>((resolve) => {
      const queue = new Queue({
        work: () => Promise.reject(new Error('it failed')),
        concurrency: 1,
        clock,
        random: () => random,
        onDone: (_key, _ms, failure) => resolve(failure?.againAfterMs),
      });
      queue.add('a');
    });
  });
  return expect(Promise.all(pauses)).resolves.toEqual([125, 187.5]);
});

test('a change brings what failed forward, to a second after the failure', async () => {
  const shop = new Workshop();
  shop.queue.add('a');
  for (let n = 0; n < 8; n += 1) {
    await shop.fail('a');
    await shop.clock.turn(shop.failures.at(-1)?.againAfterMs ?? 0);
  }
  const before = shop.begun.length;
  await shop.fail('a');
  expect(shop.failures.at(-1)?.againAfterMs).toBeGreaterThan(50_000);
  shop.queue.add('a');
  expect(shop.begun).toHaveLength(before);
  await shop.clock.turn(1_000);
  expect(shop.begun).toHaveLength(before + 1);

  // A failure that changes its own key does not make it hurry either.
  shop.queue.add('a');
  await shop.fail('a');
  expect(shop.begun).toHaveLength(before + 1);
  await shop.clock.turn(1_000);
  expect(shop.begun).toHaveLength(before + 2);
});

test('stopped, it begins nothing and waits for what was begun', async () => {
  const shop = new Workshop(1);
  for (const key of ['a', 'b']) shop.queue.add(key);
  shop.queue.addAfter('c', 1_000);
  let isStopped = false;
  const stopped = shop.queue.stop().then(() => (isStopped = true));
  await settle();
  expect(isStopped).toBe(false);
  shop.queue.add('d');
  shop.queue.add('a');
  await shop.end('a', { againAfterMs: 1 });
  await stopped;
  await shop.clock.turn(10_000);
  expect(shop.begun).toEqual(['a@0']);
  await shop.queue.stop();
});
