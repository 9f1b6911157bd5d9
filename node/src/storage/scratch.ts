const KEPT_BYTES = 4 * 1024 * 1024;

/** Memory for one batch at a time, used again for the next. */
export class Scratch {
  #buffer = Buffer.alloc(0);

  /** @returns so many bytes with anything in them; the ones before are no longer the caller's */
  take(bytes: number): Buffer {
    if (bytes > KEPT_BYTES) return Buffer.allocUnsafeSlow(bytes);
    if (bytes > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(Math.min(bytes * 2, KEPT_BYTES));
    }
    return this.#buffer.subarray(0, bytes);
  }
}
