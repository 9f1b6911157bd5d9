import { spread, type Spread } from './summary.ts';

/** What the clients had, and the leader, for a while. */
export interface Service<T> {
  readonly commandsPerSecond: T;
  readonly p99Ms: T;
  /** The longest that the leader's event loop took to come back. */
  readonly leaderHeldMs: T;
}

/** A blank member that took the state of another. */
export interface CatchUpRun {
  /** Of all texts in the state. */
  readonly textBytes: number;
  /** From the start of its process until it ran as a member. */
  readonly startSeconds: number;
  /** From there until the whole state was on its disk. */
  readonly transferSeconds: number;
  /** From the start of its process until it had applied as much as the leader. */
  readonly evenSeconds: number;
  /** Whose state it took, and who led. */
  readonly sender: string;
  readonly leader: string;
  /** Before it came, and while it took the state. */
  readonly quiet: Service<number>;
  readonly streaming: Service<number>;
}

export interface CatchUpReport {
  readonly clients: number;
  readonly runs: readonly CatchUpRun[];
  readonly evenSeconds: Spread;
  /** Megabytes (10⁶) of texts, from the start until it was even. */
  readonly megabytesPerSecond: Spread;
  /** Of the transfer alone. */
  readonly transferMegabytesPerSecond: Spread;
  readonly quiet: Service<Spread>;
  readonly streaming: Service<Spread>;
  /** While streaming to before, repetition by repetition. */
  readonly p99Ratio: Spread;
}

export function summariseCatchUp(clients: number, runs: readonly CatchUpRun[]): CatchUpReport {
  const of = (value: (run: CatchUpRun) => number): Spread => spread(runs.map(value));
  const service = (part: (run: CatchUpRun) => Service<number>): Service<Spread> => ({
    commandsPerSecond: of((run) => part(run).commandsPerSecond),
    p99Ms: of((run) => part(run).p99Ms),
    leaderHeldMs: of((run) => part(run).leaderHeldMs),
  });
  return {
    clients,
    runs,
    evenSeconds: of(({ evenSeconds }) => evenSeconds),
    megabytesPerSecond: of(({ textBytes, evenSeconds }) => textBytes / 1e6 / evenSeconds),
    transferMegabytesPerSecond: of(
      ({ textBytes, transferSeconds }) => textBytes / 1e6 / transferSeconds,
    ),
    quiet: service(({ quiet }) => quiet),
    streaming: service(({ streaming }) => streaming),
    p99Ratio: of(({ quiet, streaming }) => streaming.p99Ms / quiet.p99Ms),
  };
}
