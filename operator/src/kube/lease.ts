/** The time in which this process leads. */
export interface Term {
  /** Aborted when it is over: what is under way ends. */
  readonly signal: AbortSignal;
  /** False from the moment when another one may lead, also while nothing else could run here. */
  isHeld(): boolean;
}
