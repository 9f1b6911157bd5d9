/** A run of pieces, read as bytes, a chunk at a time. */
export class Chunks {
  readonly #pieces: Iterator<Uint8Array>;
  readonly #ready: Uint8Array[] = [];
  #readyBytes = 0;
  #isOver = false;

  constructor(pieces: Iterator<Uint8Array>) {
    this.#pieces = pieces;
  }

  /** All of it was read. */
  get isOver(): boolean {
    return this.#isOver && this.#readyBytes === 0;
  }

  /** @returns up to so many bytes; fewer at the end only */
  read(bytes: number): Buffer {
    while (this.#readyBytes < bytes && !this.#isOver) this.#add();
    const all = Buffer.concat(this.#ready);
    const rest = all.subarray(bytes);
    this.#ready.splice(0, Infinity, ...(rest.length === 0 ? [] : [rest]));
    this.#readyBytes = rest.length;
    if (rest.length === 0 && !this.#isOver) this.#add(); // Whether this was the last of it.
    return all.subarray(0, bytes);
  }

  #add(): void {
    const next = this.#pieces.next();
    if (next.done === true) {
      this.#isOver = true;
      return;
    }
    this.#ready.push(next.value);
    this.#readyBytes += next.value.length;
  }
}
