import type { Logger } from '../../../host/src/logger.ts';
import { LogThrottle } from './log-throttle.ts';
import type { Dropped } from './running-member.ts';

/** Of a detail: it may be as long as a message, and is whatever somebody sends. */
const DETAIL_CHARACTERS = 200;

/**
 * Logs what was dropped, at most once a second for each reason: senders and details are made up
 * as easily as messages.
 */
export class Complaints {
  readonly #log: Logger;
  readonly #throttle: LogThrottle<Dropped>;

  /** @param now in milliseconds */
  constructor(log: Logger, now?: () => number) {
    this.#log = log;
    this.#throttle = new LogThrottle(now);
  }

  /** @param detail the sender, or what is wrong: of the first one only */
  complain(reason: Dropped, detail: string): void {
    this.#throttle.pass(reason, (heldBack) => {
      const told = { reason, detail: detail.slice(0, DETAIL_CHARACTERS) };
      this.#log.warn(
        heldBack === 0 ? told : { ...told, before: heldBack },
        'a message was dropped',
      );
    });
  }
}
