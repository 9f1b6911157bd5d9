import { backoff, type Clock } from './clock.ts';

/** What a piece of work says about its key. */
export interface WorkResult {
  readonly againAfterMs?: number;
}

export interface QueueOptions {
  readonly work: (key: string) => Promise<WorkResult>;
  /** So many keys at a time, and each of them once. */
  readonly concurrency: number;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Told of each piece of work that ended. */
  readonly onDone?: (key: string, ms: number, failure: Failure | undefined) => void;
}

export interface Failure {
  readonly error: unknown;
  /** When the key comes again at the latest. */
  readonly againAfterMs: number;
}

/** The first pause after a failure, and the longest. */
const LEAST_MS = 250;
const MOST_MS = 60_000;
/** What failed and changed comes again no sooner: a failure may be what changes it. */
const CHANGED_MS = 1_000;

type Entry = { failures: number; failedAt: number } & (
  | { state: 'waiting'; dueAt: number; cancel: () => void }
  | { state: 'ready' }
  | { state: 'running'; isChanged: boolean }
);

/**
 * Keys to be worked on. A key is worked on by one at a time, and waits once, however often it was
 * added. After a failure it comes again, later and later; after a success it is forgotten.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #entries = new Map<string, Entry>();
  /** In the order in which they are worked on. */
  readonly #ready: string[] = [];
  readonly #waitingForEnd: (() => void)[] = [];
  #running = 0;
  #isStopped = false;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Keys that could be worked on, and wait for their turn. */
  get depth(): number {
    return this.#ready.length;
  }

  /** Something about the key changed. */
  add(key: string): void {
    if (this.#isStopped) return;
    const entry = this.#entries.get(key);
    switch (entry?.state) {
      case undefined:
        return this.#enqueue(key, { failures: 0, failedAt: 0 });
      case 'waiting':
        return this.#wait(key, entry, Math.min(entry.dueAt, this.#soonest(entry)));
      case 'ready':
        return;
      case 'running':
        entry.isChanged = true;
        return;
      default:
        entry satisfies never;
    }
  }

  /** Adds the key in a while, unless it comes sooner anyway. */
  addAfter(key: string, ms: number): void {
    if (this.#isStopped) return;
    const entry = this.#entries.get(key);
    const dueAt = this.#options.clock.now() + ms;
    if (entry === undefined) this.#wait(key, { failures: 0, failedAt: 0 }, dueAt);
    else if (entry.state === 'waiting' && dueAt < entry.dueAt) this.#wait(key, entry, dueAt);
  }

  /** Begins nothing more. @returns once everything that was begun has ended */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#ready.length = 0;
    for (const [key, entry] of this.#entries) {
      if (entry.state === 'waiting') entry.cancel();
      if (entry.state !== 'running') this.#entries.delete(key);
    }
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForEnd.push(resolve));
  }

  #soonest({ failures, failedAt }: Pick<Entry, 'failures' | 'failedAt'>): number {
    const now = this.#options.clock.now();
    return failures === 0 ? now : Math.max(now, failedAt + CHANGED_MS);
  }

  #wait(key: string, entry: Pick<Entry, 'failures' | 'failedAt'>, dueAt: number): void {
    const { failures, failedAt } = entry;
    const before = this.#entries.get(key);
    if (before?.state === 'waiting') before.cancel();
    const { clock } = this.#options;
    const ms = dueAt - clock.now();
    if (ms <= 0) return this.#enqueue(key, entry);
    const cancel = clock.after(ms, () => this.#enqueue(key, entry));
    this.#entries.set(key, { state: 'waiting', failures, failedAt, dueAt, cancel });
  }

  #enqueue(key: string, { failures, failedAt }: Pick<Entry, 'failures' | 'failedAt'>): void {
    this.#entries.set(key, { state: 'ready', failures, failedAt });
    this.#ready.push(key);
    this.#next();
  }

  #next(): void {
    while (this.#running < this.#options.concurrency) {
      const key = this.#ready.shift();
      const entry = key === undefined ? undefined : this.#entries.get(key);
      if (key === undefined || entry === undefined) return;
      void this.#run(key, entry);
    }
  }

  async #run(key: string, { failures, failedAt }: Entry): Promise<void> {
    const { work, clock, random, onDone } = this.#options;
    const running = { state: 'running' as const, failures, failedAt, isChanged: false };
    this.#entries.set(key, running);
    this.#running += 1;
    const begin = clock.now();
    let failure: Failure | undefined;
    let againAfterMs: number | undefined;
    try {
      ({ againAfterMs } = await work(key));
    } catch (error) {
      failure = { error, againAfterMs: backoff(failures + 1, LEAST_MS, MOST_MS, random) };
    }
    this.#running -= 1;
    this.#entries.delete(key);
    const now = clock.now();
    onDone?.(key, now - begin, failure);
    if (this.#isStopped) {
      this.#ended();
    } else if (failure !== undefined) {
      const later = running.isChanged ? CHANGED_MS : Infinity;
      const entry = { failures: failures + 1, failedAt: now };
      this.#wait(key, entry, now + Math.min(failure.againAfterMs, later));
    } else if (running.isChanged) {
      this.add(key);
    } else if (againAfterMs !== undefined) {
      this.addAfter(key, againAfterMs);
    }
    this.#next();
  }

  #ended(): void {
    if (this.#running > 0) return;
    for (const resolve of this.#waitingForEnd.splice(0)) resolve();
  }
}
