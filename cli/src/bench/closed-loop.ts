import type { Answers } from './answers.ts';
import type { Target } from './load.ts';

/** Clients with one command each under way, until they are stopped. */
export class ClosedLoop {
  readonly #done: Promise<unknown>;
  #stopped = false;

  constructor(target: Target, clients: number, answers: Answers) {
    const run = async (client: number): Promise<void> => {
      for (let sent = performance.now(); !this.#stopped;) {
        await target.request(client, 1);
        const now = performance.now();
        answers.add(now, now - sent);
        sent = now;
      }
    };
    this.#done = Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
    this.#done.catch(() => undefined); // Whoever stops it is told.
  }

  /** @returns once each client has its last answer; rejects when one was refused */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }
}
