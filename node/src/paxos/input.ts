import type { MemberId } from './ballot.ts';
import type { Change, SilentSession } from './system-command.ts';
import type { StoredPvalue } from './effects.ts';
import type { LogEnd } from './log-end.ts';
import type { CoreMessage, Testimony } from './messages.ts';
import type { Command, Slot } from './pvalue.ts';

/** Everything that can happen to a member. */
export type Input =
  /**
   * A peer's message; or, without `end`, one of its own that had to wait for the flush.
   * `end` is what its frame said of its sender.
   */
  | {
      readonly type: 'message';
      readonly from: MemberId;
      readonly message: CoreMessage;
      readonly end?: LogEnd;
    }
  /**
   * Time passes. `random` is in [0, 1); `write` is how many ticks the own disk takes lately for a
   * write of the log, or has taken by now.
   */
  | { readonly type: 'tick'; readonly random: number; readonly write?: number }
  /** Apply more; see the effect `unfinished`. */
  | { readonly type: 'perform' }
  /** Commands of clients. A member in which no command may wait drops them. */
  | { readonly type: 'request'; readonly commands: readonly Command[] }
  /**
   * Reads have come, up to that number; they count from 1 on. Ends with `readable` effects: then
   * what a read says has all that was answered to anybody before it came.
   */
  | { readonly type: 'read'; readonly read: number }
  /** What the log holds for the slots of a `recall` effect. */
  | {
      readonly type: 'recalled';
      readonly asker: MemberId;
      readonly from: Slot;
      readonly stored: readonly StoredPvalue[];
      /** The log has nothing below it. */
      readonly first: Slot;
    }
  /**
   * Whether too much waits for the own disk: nothing new is taken until it does not, neither to
   * accept nor to propose nor to learn; and nothing is applied, also of what was taken before.
   */
  | { readonly type: 'backlog'; readonly isFull: boolean }
  /** So many bytes of commands and their framing fit a message from now on. */
  | { readonly type: 'room'; readonly bytes: number }
  /** Write the decided mark: the driver is about to cut the state. */
  | { readonly type: 'checkpoint' }
  /** The state on disk has every slot below `slotOut`; so has the log's decided mark. */
  | { readonly type: 'flushed'; readonly slotOut: Slot }
  /** Learn all that the others know to be decided; ends with a `surveyed` effect. */
  | { readonly type: 'survey'; readonly survey: number }
  /**
   * Nobody listens where that member does, says the network: it is gone, or is about to connect
   * again, or cannot be reached from here. A hint: only a reason to ask the others.
   */
  | { readonly type: 'gone'; readonly member: MemberId }
  /** Stop leading: the next command needs a new ballot. */
  | { readonly type: 'resign' }
  /** If this member leads: ask `to`, or who is fit, to lead instead. */
  | { readonly type: 'hand-over'; readonly to?: MemberId }
  /** Propose that all compare their states. */
  | { readonly type: 'compare' }
  /** If this member leads: propose that these sessions have ended. */
  | { readonly type: 'expire'; readonly sessions: readonly SilentSession[] }
  /** If this member leads: propose that what makes the state larger is refused, or no longer. */
  | { readonly type: 'quota'; readonly isReached: boolean }
  /** What the witness that is none of the members remembers of this one. */
  | { readonly type: 'testimony'; readonly testimony: Testimony }
  /** Whether others have another history, and it is not known whose is right: nobody votes then. */
  | { readonly type: 'dispute'; readonly isOpen: boolean }
  /** Propose a change; ask `refusalOf` before. Ends with a `reconfigured` effect. */
  | { readonly type: 'reconfigure'; readonly change: Change };
