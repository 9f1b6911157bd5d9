import type { MachineVersion } from '../../../contract/src/machine-version.ts';
import type { AppliedCommand, Applier } from '../machine/applier.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Ballot, MemberId } from '../paxos/ballot.ts';
import type { Change } from '../paxos/system-command.ts';
import type { Dropped, Effect } from '../paxos/effects.ts';
import type { Input } from '../paxos/input.ts';
import type { Incarnation } from '../paxos/log-end.ts';
import type { Member } from '../paxos/member.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { Log } from '../storage/log.ts';
import type { StateStore } from '../storage/state.ts';
import type { Transport } from '../transport/transport.ts';

type DriverMetrics = 'counts' | 'sent' | 'received' | 'dropped' | 'refused' | 'histograms';

/** What the driver is given: it owns no clock, socket, file, promise or randomness. */
export interface DriverPorts {
  readonly member: Member;
  readonly log: Log;
  /** Of this run. */
  readonly incarnation: Incarnation;
  readonly state: StateStore;
  readonly applier: Applier;
  readonly transport: Transport;
  /** Bytes that the state may take, as this member is set up now. */
  readonly quotaBytes: () => number;
  /** Beside the members; what it answers comes as an input. */
  readonly witness?: { ask(): void };
  readonly metrics: Pick<Metrics, DriverMetrics>;
  /** Runs something soon, after what is already there to be done. */
  readonly schedule: (run: () => void) => void;
  /** In [0, 1). */
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface DriverSettings {
  /** Ticks between two cuts of the state. */
  readonly checkpointTicks: number;
  /** A cut is due, too, when that much state is in memory. */
  readonly overlayBytes: number;
  /**
   * With more in memory that is not on disk yet, of the log and the state, nothing new is taken.
   */
  readonly unwrittenBytes: number;
  /** Commands that wait for a slot, at most. */
  readonly queueBytes: number;
  /** The largest command, where a message has room for it. */
  readonly maxCommandBytes: number;
  /** Answers wait until the decided mark that covers them is durable: the wiring sets it. */
  readonly answersWaitForMark?: boolean;
  /** A write that takes more ticks means that the disk stalls: whoever leads hands over. */
  readonly stallTicks: number;
  /** Who leads says of a member that it has not heard for so many ticks. */
  readonly unheardTicks: number;
  /** Ticks of silence of a voter, after which a leader asks the others whether they reach it. */
  readonly unreachedTicks: number;
  /** No leader, or a slot that is not decided, for so many ticks is an alarm. */
  readonly alarmTicks: number;
  /** What goes at a time of a state, or of a log, to another member, where a message has room. */
  readonly chunkBytes: number;
  /** Ticks between two comparisons of the states, while something is applied. */
  readonly compareTicks: number;
  /** Milliseconds of a tick. */
  readonly tickMs: number;
  /** Ticks between two looks at a part of the state on disk. */
  readonly scrubTicks: number;
  /** Ticks after the last part of it, before the first one is looked at again. */
  readonly scrubRestTicks: number;
  /** An unanswered request is given up after this many milliseconds. */
  readonly waitMs: number;
}

export interface DriverEvents {
  /** This member became the active leader, or no longer is. */
  leading(ballot: Ballot | undefined): void;
  /** A slot was applied, and may be spoken of. */
  applied(slot: Slot, commands: readonly AppliedCommand[]): void;
  surveyed(survey: number): void;
  /** The log lets go of what is below `floor`. */
  collected(floor: Slot): void;
  /**
   * Another member's state is on disk, ahead of the own one: the storage has to be opened again,
   * and a member made from it. The driver has stopped.
   */
  restored(slotOut: Slot): void;
  /** A message of `from` was dropped. */
  dropped(why: Dropped, from: MemberId): void;
  /** A change was applied; `taken` is false when it was void. */
  reconfigured(change: Change, taken: boolean): void;
  /** That version of the machine is in force from the next slot on. */
  upgraded(machine: MachineVersion): void;
  /** From the next slot on, what makes the state larger is refused, or no longer. */
  quotaReached(isReached: boolean): void;
  /** A crash point fired: what was sent has left, what was written is durable. */
  crashed(): void;
  /** Nothing can go on: a failed write, a broken invariant, damage. The driver has stopped. */
  failed(error: Error): void;
}

/** What the parts of a driver call it for. */
export interface DriverCalls {
  /** Whether nothing is taken any more. */
  readonly isStopped: () => boolean;
  /** There is something to do: soon a turn begins. */
  readonly wake: () => void;
  /** Something happened, and is stepped soon. */
  readonly input: (input: Input) => void;
  /** More is decided than is applied: another turn goes on with it. */
  readonly unfinished: () => void;
  readonly perform: (effects: Effect[]) => void;
  /** What leaves may go, and what is queued for the log be written; also once it has stopped. */
  readonly release: () => void;
  /** Nothing is taken from here on. */
  readonly halt: () => void;
  /** Nothing can go on. */
  readonly failed: (error: unknown) => void;
}
