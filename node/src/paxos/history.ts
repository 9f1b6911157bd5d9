import type { Slot } from './pvalue.ts';

/** All that was decided below a slot, as a hash: equal on members with the same history. */
export interface HistoryMark {
  readonly slot: Slot;
  /** It covers the slots from here on; 0 unless the state is of an older version. */
  readonly from: Slot;
  readonly hash: bigint;
}
