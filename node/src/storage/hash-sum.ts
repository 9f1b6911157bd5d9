import type { Digest } from './digest.ts';

const WORD = 2 ** 32;

/** A digest of entries that comes from the hashes stored with them, as fast as they are read. */
export class HashSum {
  #count = 0;
  #low = 0;
  #high = 0;

  /** The two halves of a hash; zeros where there is none, which fits nothing. */
  add(low: number, high: number): void {
    this.#count += 1;
    this.#low += low;
    const carry = this.#low >= WORD ? 1 : 0;
    this.#low -= carry * WORD;
    this.#high = (this.#high + high + carry) % WORD;
  }

  get digest(): Digest {
    return { count: this.#count, sum: (BigInt(this.#high) << 32n) | BigInt(this.#low) };
  }
}
