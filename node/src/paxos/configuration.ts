import type { MemberId } from './ballot.ts';
import type { Slot } from './pvalue.ts';

/**
 * Who votes for which slots, and how far ahead of `slot_out` slots may be proposed (PMMC 2.1, 2.4).
 * Every member of a cluster has the same ones: WINDOW is part of it, not a setting of a process.
 */
export interface Configuration {
  /** The first one has 0, each change makes the next. */
  readonly number: number;
  /** In force from this slot on, until the next one is. */
  readonly from: Slot;
  readonly voters: readonly MemberId[];
  /** Members that hear everything and are counted nowhere. */
  readonly learners: readonly MemberId[];
  readonly window: number;
}

/** What a cluster begins with. */
export function firstConfiguration(voters: readonly MemberId[], window: number): Configuration {
  return { number: 0, from: 0, voters, learners: [], window };
}
