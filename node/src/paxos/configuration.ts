import type { MemberId } from './ballot.ts';

/**
 * Who votes, and how far ahead of `slot_out` slots may be proposed (PMMC 2.1). Every member of a
 * cluster has the same one: WINDOW is part of it, not a setting of a process.
 */
export interface Configuration {
  readonly voters: readonly MemberId[];
  readonly window: number;
}

/**
 * *stable*: one leader, heartbeats, the others passive.
 * *on demand*: a member leads the commands that it was sent itself, and nobody else starts phase 1.
 */
export type LeadershipMode = 'stable' | 'on-demand';
