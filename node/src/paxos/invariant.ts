/** A broken local invariant: state can no longer be trusted, so the process ends (fail-stop). */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
  readonly invariant: string;

  constructor(invariant: string, detail: string) {
    super(`${invariant} is broken: ${detail}`);
    this.invariant = invariant;
  }
}

/**
 * Asserts an invariant of this member alone. Never call it on what a peer said: a peer's nonsense
 * is dropped and counted.
 * @throws InvariantViolation
 */
export function invariant(holds: boolean, name: string, detail: () => string): void {
  if (!holds) throw new InvariantViolation(name, detail());
}
