import type { Ballot } from '../../../node/src/paxos/ballot.ts';
import type { LogRecord } from '../../../node/src/paxos/effects.ts';
import type { Message } from '../../../node/src/paxos/messages.ts';
import type { Fault } from '../plan.ts';

/** One thing that happened in a run, at a time in simulated milliseconds. */
export type TraceEvent = { readonly at: number } & (
  | {
      readonly type: 'frame';
      readonly from: string;
      readonly to: string;
      readonly messages: readonly Message[];
      /** When it arrives, each time it does; nothing when it is lost. */
      readonly arrivesAt: readonly number[];
    }
  /** Between a client and a member. */
  | {
      readonly type: 'call';
      readonly from: string;
      readonly to: string;
      readonly label: string;
      readonly arrivesAt: readonly number[];
    }
  | { readonly type: 'fault'; readonly fault: Fault; readonly members: readonly string[] }
  | { readonly type: 'persist'; readonly member: string; readonly records: readonly LogRecord[] }
  | {
      readonly type: 'apply';
      readonly member: string;
      readonly slot: number;
      readonly commands: number;
    }
  /** A quorum holds a value for the slot, with the write of this member. */
  | { readonly type: 'decide'; readonly member: string; readonly slot: number }
  | { readonly type: 'lead'; readonly member: string; readonly ballot: Ballot | undefined }
  | { readonly type: 'start'; readonly member: string }
  | { readonly type: 'end'; readonly member: string; readonly why: string }
  | { readonly type: 'failure'; readonly message: string }
);

/** Keeps everything that happens in a run, in order. */
export class Trace {
  readonly events: TraceEvent[] = [];

  add(event: TraceEvent): void {
    this.events.push(event);
  }
}
