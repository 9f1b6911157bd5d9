interface Waiting {
  readonly isSo: () => boolean;
  readonly end: () => void;
}

/**
 * What administrators wait for, such as a change that is in force. Whatever changes in a member
 * changes in one of its turns: so it is looked at after each of them.
 */
export class Awaited {
  readonly #waiting = new Set<Waiting>();
  #isStopped = false;

  /**
   * @param ms how long to wait at most
   * @returns whether it is so: at once, when it is already; else when it comes to be so in time
   */
  async until(isSo: () => boolean, ms: number): Promise<boolean> {
    if (this.#isStopped || isSo()) return isSo();
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(deadline);
        this.#waiting.delete(waiting);
        resolve();
      };
      const deadline = setTimeout(end, ms);
      const waiting = { isSo, end };
      this.#waiting.add(waiting);
    });
    return isSo();
  }

  /** A turn is over. */
  look(): void {
    for (const { isSo, end } of this.#waiting) if (isSo()) end();
  }

  /** The member takes no more inputs: nothing changes any more. */
  stop(): void {
    this.#isStopped = true;
    for (const { end } of this.#waiting) end();
  }
}
