import type { Logger } from '../../../host/src/logger.ts';

const QUIET_MS = 1_000;

/** Logs what was dropped, at most once a second for each reason and sender. */
export class Complaints {
  readonly #log: Logger;
  readonly #last = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param detail the sender, or what is wrong */
  complain(reason: string, detail: string): void {
    const now = performance.now();
    const key = `${reason} ${detail}`;
    if (now - (this.#last.get(key) ?? -QUIET_MS) < QUIET_MS) return;
    if (this.#last.size > 1000) this.#last.clear();
    this.#last.set(key, now);
    this.#log.warn({ reason, detail }, 'a message was dropped');
  }
}
