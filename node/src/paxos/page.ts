import { sentBytes, valueBytes, type Pvalue } from './pvalue.ts';

/** However small they are: a frame has no more room for elements of lists. */
export const MOST_PVALUES = 8_192;

/** The pvalues of one message: the first one in any case, then as many as fit. */
export class Page {
  readonly pvalues: Pvalue[] = [];
  readonly #bytes: number;
  readonly #room: number;
  #commands = 0;
  #sent = 0;

  /**
   * @param bytes of commands
   * @param room of commands and all that is sent with them
   */
  constructor(bytes: number, room: number) {
    this.#bytes = bytes;
    this.#room = room;
  }

  /** @returns whether it took it; the next one does not fit either then */
  add(pvalue: Pvalue): boolean {
    this.#commands += valueBytes(pvalue.value);
    this.#sent += sentBytes(pvalue.value);
    const isLarge = this.#commands > this.#bytes || this.#sent > this.#room;
    const isFull = isLarge || this.pvalues.length === MOST_PVALUES;
    if (isFull && this.pvalues.length > 0) return false;
    this.pvalues.push(pvalue);
    return true;
  }
}
