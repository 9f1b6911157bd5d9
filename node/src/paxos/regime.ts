/**
 * How members come to lead.
 * *stable*: one leader, heartbeats, the others passive.
 * *on demand*: a member leads the commands that it was sent itself, and nobody else starts phase 1.
 * That is for a master's scripts, which say when each process does what.
 */
export type LeadershipMode = 'stable' | 'on-demand';

/** What a mode means for the roles, besides when to try to lead (see election.ts). */
export interface Regime {
  /**
   * One member leads for all: the others hear of it by its heartbeats, and it steps down when it
   * hears no quorum. Else each takes commands and leads them, and nobody waits for anybody.
   */
  readonly hasOneLeader: boolean;
  /**
   * A decision rides on the next p2a, without its value. Else it goes alone and whole to each
   * member, and nothing is sent again in haste: crash points have something to catch.
   */
  readonly decisionsRide: boolean;
  /** An answer waits for the decided mark that covers it: who restarts alone finds it again. */
  readonly marksEachAnswer: boolean;
}

export const regimes: Readonly<Record<LeadershipMode, Regime>> = {
  stable: { hasOneLeader: true, decisionsRide: true, marksEachAnswer: false },
  'on-demand': { hasOneLeader: false, decisionsRide: false, marksEachAnswer: true },
};
