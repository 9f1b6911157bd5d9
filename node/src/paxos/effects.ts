import type { Ballot, MemberId } from './ballot.ts';
import type { Expulsion } from './admission.ts';
import type { Change, SilentSession } from './system-command.ts';
import type { Configuration } from './configuration.ts';
import type { CoreMessage } from './messages.ts';
import type { Command, Pvalue, Slot, Value } from './pvalue.ts';

/** What a member must find again after a crash (design: "What is durable"). */
export type LogRecord =
  /** The acceptor adopted a ballot. */
  | { readonly type: 'ballot'; readonly ballot: Ballot }
  /** The leader is about to use a ballot: separate from the co-located acceptor's (PMMC 4.4). */
  | { readonly type: 'leader-ballot'; readonly ballot: Ballot }
  /** The acceptor accepted a pvalue, and adopted its ballot if that was higher. */
  | ({ readonly type: 'accepted' } & Pvalue)
  /** Decided, and not what the acceptor holds for the slot: now it is the slot's stored value. */
  | ({ readonly type: 'learned' } & Pvalue)
  /** The stored value of every slot below `slot` is the decided one. */
  | { readonly type: 'decided-mark'; readonly slot: Slot }
  /** The log serves no slot below `slot`: its records may be deleted (PMMC 4.2). */
  | { readonly type: 'floor'; readonly slot: Slot }
  /** The state on disk has every slot below `slot`: an older one that is found there is damage. */
  | { readonly type: 'flushed'; readonly slot: Slot };

/** What the log gave back at start. */
export interface Recovered {
  readonly ballot?: Ballot;
  readonly leaderBallot?: Ballot;
  /** Every stored value below it is decided. */
  readonly decidedMark: Slot;
  /** The log has nothing below it. */
  readonly floor: Slot;
  /** The state that was found has applied every slot below it. */
  readonly slotOut: Slot;
  /** The last record of each slot at or above `slotOut`. */
  readonly stored: readonly StoredPvalue[];
}

/** The last record of a slot: an accepted pvalue, or (`learned`) a decided one. */
export interface StoredPvalue extends Pvalue {
  readonly learned: boolean;
}

/** What the driver is to do, in this order. */
export type Effect =
  /** Write the record. What is held (message-table.ts) leaves only after it is durable. */
  | { readonly type: 'persist'; readonly record: LogRecord }
  | { readonly type: 'send'; readonly to: readonly MemberId[]; readonly message: CoreMessage }
  /** Ask the network whether that member is there at all; `gone` comes when it says no. */
  | { readonly type: 'ask-presence'; readonly of: MemberId }
  /** Ask the witness that is none of the members; its answer comes as `testimony`, if it comes. */
  | { readonly type: 'ask-outside' }
  /** Apply the slot's commands to the state machine, in order; answer those that wait here. */
  | { readonly type: 'apply'; readonly slot: Slot; readonly value: Value }
  /** More can be applied: hand in `perform` soon, after what is there to be done. */
  | { readonly type: 'unfinished' }
  /** Commands of clients that no message has room for any more: they were in no slot. */
  | { readonly type: 'refused'; readonly commands: readonly Command[] }
  /**
   * A change was decided in the slot that was applied last. `stored` is to be kept with the state;
   * without it the change was void.
   */
  | {
      readonly type: 'reconfigured';
      readonly change: Change;
      readonly stored: readonly Configuration[] | undefined;
    }
  /** The state after `slot`, which was applied last, is to be compared with the others'. */
  | { readonly type: 'compare'; readonly slot: Slot }
  /** The slot that was applied last says that these sessions have ended. */
  | { readonly type: 'expire'; readonly sessions: readonly SilentSession[] }
  /** From the next slot on, what would make the state larger is refused, or no longer. */
  | { readonly type: 'quota'; readonly isReached: boolean }
  /** From the next slot on, that version of the machine decides what commands do. */
  | { readonly type: 'machine'; readonly version: number }
  /** Read the stored values of `from` ≤ s < `to` from the log, and hand them in as `recalled`. */
  | {
      readonly type: 'recall';
      readonly from: Slot;
      readonly to: Slot;
      readonly asker: MemberId;
    }
  /** Every slot below `floor` is on enough disks: the log need not keep it (PMMC 4.2). */
  | { readonly type: 'collect'; readonly floor: Slot }
  /** This member is too far behind for anybody's log: the state has to come from `from`. */
  | { readonly type: 'fetch-state'; readonly from: MemberId }
  /** This member became the active leader at `ballot`, or (`undefined`) no longer is. */
  | { readonly type: 'leading'; readonly ballot: Ballot | undefined }
  /** Reads up to that one may be answered, from what is applied by now or later. */
  | { readonly type: 'readable'; readonly read: number }
  /** A message of `from` was dropped: it means nothing here. */
  | { readonly type: 'dropped'; readonly from: MemberId; readonly why: Dropped }
  /** This member may not go on: it has given up its roles. */
  | { readonly type: 'expelled'; readonly expulsion: Expulsion }
  /** The survey is over: all that the reachable members know to be decided is applied here. */
  | { readonly type: 'surveyed'; readonly survey: number };

/** Why a message is dropped. */
export const droppedReasons = [
  'unknown-member',
  'outlived',
  'twins',
  'implausible',
  'too-many',
  'unsound',
  'another-machine',
] as const;
export type Dropped = (typeof droppedReasons)[number];

/** `message` is to go to `to`. */
export function send(to: readonly MemberId[], message: CoreMessage): Effect {
  return { type: 'send', to, message };
}
