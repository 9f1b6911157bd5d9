/** What an object does when operations run one after the other: for the tests of a machine. */
export interface SequentialModel<State, Input, Output> {
  readonly initial: State;
  /** @returns the state after the operation, or `undefined` when it cannot have this output */
  step(state: State, input: Input, output: Output | undefined): State | undefined;
  /** Equal for equal states, and for no others. */
  key(state: State): string;
}
