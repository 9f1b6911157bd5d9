import type { Outcome } from '../../../contract/src/reply.ts';

interface Waiter {
  readonly since: number;
  readonly answer: (outcome: Outcome) => void;
}

/** The requests that this process owes an answer, by client and number. */
export class Waiters {
  readonly #waiting = new Map<string, Waiter>();

  /** A retry takes the place of the request that it repeats. */
  add(client: string, number: number, now: number, answer: (outcome: Outcome) => void): void {
    const key = `${client}${number}`;
    this.#waiting.delete(key); // The map stays in the order of arrival.
    this.#waiting.set(key, { since: now, answer });
  }

  /** @returns when the request arrived; `undefined` when nobody here waits for it */
  answer(client: string, number: number, outcome: Outcome): number | undefined {
    const key = `${client}${number}`;
    const waiter = this.#waiting.get(key);
    if (waiter === undefined) return undefined;
    this.#waiting.delete(key);
    waiter.answer(outcome);
    return waiter.since;
  }

  /** Gives up on requests that arrived before `time`. */
  expire(time: number): void {
    for (const [key, { since, answer }] of this.#waiting) {
      if (since >= time) return;
      this.#waiting.delete(key);
      answer({ ok: false, code: 'TIMED_OUT' });
    }
  }
}
