import type { Log } from '../../../node/src/storage/log.ts';

/** A tick waits so long for the disk, at most. */
const PATIENCE_MS = 20;

/**
 * Lets time pass for members in one process: as fast as the disk, and no faster. A tick has passed
 * when nothing is left to be done but what waits for the next one.
 */
export class Clockwork {
  #pending = 0;

  /** Runs something after what is there to be done. */
  soon(run: () => void): void {
    this.#pending += 1;
    setImmediate(() => {
      this.#pending -= 1;
      run();
    });
  }

  /** A log whose writes are waited for. */
  watched(log: Log): Log {
    return {
      get bytes() {
        return log.bytes;
      },
      get end() {
        return log.end;
      },
      get first() {
        return log.first;
      },
      append: (records, done) => {
        this.#pending += 1;
        log.append(records, (error) => {
          this.#pending -= 1;
          done(error);
        });
      },
      read: (from, to, maxBytes, done) => log.read(from, to, maxBytes, done),
      collectable: (floor) => log.collectable(floor),
      collect: (floor, failed) => log.collect(floor, failed),
      seal: () => log.seal(),
      close: () => log.close(),
    };
  }

  /** Settles when nothing is left to be done for now. */
  async quiet(): Promise<void> {
    const late = performance.now() + PATIENCE_MS;
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending > 0 && performance.now() < late);
  }
}
