import type { Target } from './target.ts';

/** What an experiment does its harm with. */
export interface Scene {
  readonly target: Target;
  /** The member that leads now. */
  readonly leader: () => Promise<string>;
  /** A member that does not lead now. */
  readonly follower: () => Promise<string>;
  /** Tells what happens, when it does: it stands in the report, and in the picture. */
  readonly say: (what: string) => void;
  readonly pause: (seconds: number) => Promise<void>;
}

/** A fault, and what a cluster of three may make of it. */
export interface Experiment {
  readonly name: string;
  /** In a line. */
  readonly title: string;
  /** What it shows, and what to expect. */
  readonly about: string;
  /** Writes may stop for so long at a time. */
  readonly mostStopMs: number;
  /** Does its harm, and undoes it. */
  readonly strike: (scene: Scene) => Promise<void>;
}
