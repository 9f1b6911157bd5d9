/** A person interrupted what was under way: nothing is left of it. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';

  constructor(what = 'there is no snapshot') {
    super(`It was interrupted; ${what}.`);
  }
}
