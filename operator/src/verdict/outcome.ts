import type { Note } from '../observation/note.ts';
import type { Action, StepNote } from './action.ts';

/** What one reconciliation came to. */
export interface Outcome {
  /** What is being done, and why. */
  readonly action: Action | undefined;
  readonly doing: StepNote | undefined;
  /** What the members refused of it. */
  readonly refusal: Note | undefined;
  /** What steps wait for. */
  readonly waits: readonly StepNote[];
  /** A person has to look before anything goes on. */
  readonly stop: Note | undefined;
  /** What a person has to put right at the API server. */
  readonly problems: readonly Note[];
}

/** Nothing was to be done, and nothing is in the way. */
export const nothing: Outcome = {
  action: undefined,
  doing: undefined,
  refusal: undefined,
  waits: [],
  stop: undefined,
  problems: [],
};
