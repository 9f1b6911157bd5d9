import { compareBallots, type Ballot } from '../../../node/src/paxos/ballot.ts';
import type { LogRecord, Recovered } from '../../../node/src/paxos/effects.ts';
import type { Slot } from '../../../node/src/paxos/pvalue.ts';

/** What a disk lacks, and whether others know that it was promised, or may say it once more. */
export interface Missing {
  readonly what: string;
  readonly isPromise: boolean;
}

/** Ballots and pvalues: what nobody may forget. */
interface Promises {
  ballot: Ballot | undefined;
  leaderBallot: Ballot | undefined;
  /** The ballot of the stored pvalue of each slot. */
  readonly stored: Map<Slot, Ballot>;
}

/** What a member's disk is known to hold. */
export class Held implements Promises {
  ballot: Ballot | undefined;
  leaderBallot: Ballot | undefined;
  readonly stored = new Map<Slot, Ballot>();
  decidedMark: Slot = 0;
  floor: Slot = 0;
  slotOut: Slot = 0;
  /** The highest slot_out that this ever was. */
  reported: Slot = 0;
  /** The part of it that others have heard of: a leader's own vote, with what it sends next. */
  readonly #told: Promises = { ballot: undefined, leaderBallot: undefined, stored: new Map() };
  #untold: { readonly by: string; readonly record: LogRecord }[] = [];

  /** A promise is on the disk. @param by which process wrote it: there may be two */
  wrote(record: LogRecord, by: string): void {
    promise(this, record);
    this.#untold.push({ by, record });
  }

  /** A process sends something: whoever hears it knows how far its log goes. */
  spoke(process: string): void {
    for (const { by, record } of this.#untold) if (by === process) promise(this.#told, record);
    this.#untold = this.#untold.filter(({ by }) => by !== process);
  }

  /** A process has read the disk, and goes on from what it found. */
  found({ ballot, leaderBallot, decidedMark, floor, stored }: Recovered, slotOut: Slot): void {
    for (const promises of [this, this.#told]) {
      promises.ballot = ballot;
      promises.leaderBallot = leaderBallot;
      // What was being written when it ended may have reached the disk.
      for (const pvalue of stored) promises.stored.set(pvalue.slot, pvalue.ballot);
    }
    this.#untold = [];
    this.decidedMark = decidedMark;
    // A state that was taken stands for a floor which no record has yet: it goes with that state.
    if (slotOut <= decidedMark) this.floor = floor;
    this.slotOut = slotOut;
    this.reported = Math.max(this.reported, slotOut);
  }

  /** What a process has not found; `undefined` when that is nothing. */
  missingFrom(recovered: Recovered, flushedSlotOut: Slot): Missing | undefined {
    const { decidedMark, floor } = recovered;
    const told = unkept(this.#told, recovered, flushedSlotOut);
    if (told !== undefined) return { what: told, isPromise: true };
    if (flushedSlotOut < this.slotOut) return { what: 'with an older state', isPromise: true };
    const untold = unkept(this, recovered, flushedSlotOut);
    if (untold !== undefined) return { what: untold, isPromise: false };
    const isUnmarked = decidedMark < this.decidedMark;
    if (isUnmarked) return { what: 'with a lower decided mark', isPromise: false };
    return floor < this.floor ? { what: 'with a lower floor', isPromise: false } : undefined;
  }
}

function promise(promises: Promises, record: LogRecord): void {
  switch (record.type) {
    case 'leader-ballot':
      promises.leaderBallot = record.ballot;
      return;
    case 'ballot':
      promises.ballot = record.ballot;
      return;
    case 'accepted':
      promises.ballot = record.ballot;
      promises.stored.set(record.slot, record.ballot);
      return;
    case 'learned':
      promises.stored.set(record.slot, record.ballot);
      return;
    case 'decided-mark':
    case 'floor':
    case 'flushed':
      return;
    default:
      record satisfies never;
  }
}

/** The first promise that is not found on a disk. */
function unkept(promises: Promises, recovered: Recovered, slotOut: Slot): string | undefined {
  const { ballot, leaderBallot, floor, stored } = recovered;
  if (compareBallots(promises.ballot, ballot) > 0) return 'with a lower ballot';
  if (compareBallots(promises.leaderBallot, leaderBallot) > 0) {
    return "with a lower leader's ballot";
  }
  const found = new Map(stored.map((pvalue) => [pvalue.slot, pvalue.ballot]));
  for (const [slot, least] of promises.stored) {
    if (slot < Math.max(slotOut, floor)) continue;
    if (compareBallots(found.get(slot), least) < 0) return `without its pvalue of slot ${slot}`;
  }
  return undefined;
}
