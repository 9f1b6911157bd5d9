import type { ErrorCode } from '../../../contract/src/error-codes.ts';
import type { Outcome } from '../../../contract/src/reply.ts';

interface Waiter {
  readonly since: number;
  readonly answer: (outcome: Outcome) => void;
}

/** The requests that this process owes an answer, by client and number. */
export class Waiters {
  /** Those of each client in the order of their arrival. */
  readonly #waiting = new Map<string, Map<number, Waiter>>();

  /** A retry takes the place of the request that it repeats. */
  add(client: string, number: number, now: number, answer: (outcome: Outcome) => void): void {
    let waiting = this.#waiting.get(client);
    if (waiting === undefined) {
      waiting = new Map();
      this.#waiting.set(client, waiting);
    }
    waiting.delete(number);
    waiting.set(number, { since: now, answer });
  }

  /** @returns when the request arrived; `undefined` when nobody here waits for it */
  answer(client: string, number: number, outcome: Outcome): number | undefined {
    const waiting = this.#waiting.get(client);
    const waiter = waiting?.get(number);
    if (waiting === undefined || waiter === undefined) return undefined;
    waiting.delete(number);
    waiter.answer(outcome);
    return waiter.since;
  }

  /** Answers everybody with a refusal. */
  refuse(code: ErrorCode): void {
    const refused = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiting of refused) {
      for (const { answer } of waiting.values()) answer({ ok: false, code });
    }
  }

  /** Gives up on requests that arrived before `time`, and forgets clients that wait for nothing. */
  expire(time: number): void {
    for (const [client, waiting] of this.#waiting) {
      for (const [number, { since, answer }] of waiting) {
        if (since >= time) break;
        waiting.delete(number);
        answer({ ok: false, code: 'TIMED_OUT' });
      }
      if (waiting.size === 0) this.#waiting.delete(client);
    }
  }
}
