const QUIET_MS = 1_000;

/**
 * Lets one line of a kind into the log a second, and counts what it holds back: how often it comes
 * is up to somebody outside.
 * @typeParam Kind of a closed set, as each is remembered: no part of what came from outside
 */
export class LogThrottle<Kind extends string> {
  readonly #kinds = new Map<Kind, { readonly at: number; heldBack: number }>();
  readonly #now: () => number;

  /** @param now in milliseconds */
  constructor(now = (): number => performance.now()) {
    this.#now = now;
  }

  /**
   * Has a line written, unless one of that kind was a moment ago.
   * @param write is told how many were held back since then
   */
  pass(kind: Kind, write: (heldBack: number) => void): void {
    const now = this.#now();
    const last = this.#kinds.get(kind);
    if (last !== undefined && now - last.at < QUIET_MS) {
      last.heldBack += 1;
      return;
    }
    this.#kinds.set(kind, { at: now, heldBack: 0 });
    write(last?.heldBack ?? 0);
  }
}
