/** Something that was done to the cluster. */
export interface Happening {
  /** In ms since the load began. */
  readonly at: number;
  readonly what: string;
}

/** Who led, from when on: nobody, where there is no name. */
export interface Reign {
  readonly at: number;
  readonly leader: string | null;
}

/** What an experiment found. Times are in ms since the load began. */
export interface ChaosReport {
  readonly experiment: string;
  readonly title: string;
  readonly passed: boolean;
  /** Why it did not pass, a sentence each. */
  readonly complaints: readonly string[];
  readonly writes: number;
  readonly reads: number;
  /** Writes whose outcome no client knows. */
  readonly unknown: number;
  /** Calls that were answered in a second before the fault. */
  readonly perSecond: number;
  /** The longest time without an answered write, from the fault on; and what is allowed. */
  readonly stopMs: number;
  readonly stopAt: number;
  readonly mostStopMs: number;
  /** From the last thing that was done until all was well; `null` when it never was. */
  readonly convergedMs: number | null;
  readonly endMs: number;
  readonly happenings: readonly Happening[];
  readonly reigns: readonly Reign[];
  readonly intervalMs: number;
  /** Interval after interval. */
  readonly writesPerSecond: readonly number[];
}
