import { compareBallots, type Ballot } from '../paxos/ballot.ts';
import type { StoredPvalue } from '../paxos/effects.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { PAYLOAD_BYTES } from './block.ts';
import { DamageError } from './damage.ts';
import type { Facts } from './facts.ts';
import type { OpenedLog } from './log.ts';
import { readHeader, readValue, type RecordHeader } from './record.ts';
import { SlotIndex, type Position } from './slot-index.ts';

type RecoveredState = Pick<Facts, 'slotOut' | 'origin'>;

/** Collects what the records of a log say while its segments are scanned. */
export class Recovery {
  readonly index: SlotIndex;
  readonly #state: RecoveredState;
  readonly #stored = new Map<Slot, StoredPvalue>();
  #ballot: Ballot | undefined;
  #leaderBallot: Ballot | undefined;
  #decidedMark: Slot = 0;
  #floor: Slot = 0;
  #flushed: Slot = 0;

  /**
   * @param state values below its slot stay on disk
   * @param first the segments begin with it: see `SegmentHeader.slotsBelow`
   */
  constructor(state: RecoveredState, first: Slot) {
    this.#state = state;
    this.index = new SlotIndex(first);
  }

  /** As the records have it. */
  get floor(): Slot {
    return this.#floor;
  }

  get decidedMark(): Slot {
    return this.#decidedMark;
  }

  /** The state on disk had every slot below it. */
  get flushed(): Slot {
    return this.#flushed;
  }

  /** @param block at which the batch begins in its segment */
  take(file: string, segment: number, block: number, payload: Buffer): void {
    const begin = (block - 1) * PAYLOAD_BYTES;
    for (let at = 0; at < payload.length;) {
      const header = readHeader(payload, at);
      if (header === undefined) throw new DamageError(file, `block ${block}`, 'no whole record');
      const position = { segment, at: begin + at, bytes: header.length };
      this.#record(header, position, payload, at);
      at += header.length;
    }
  }

  #record(header: RecordHeader, position: Position, payload: Buffer, at: number): void {
    const { kind, slot, round, leader } = header;
    switch (kind) {
      case 'ballot':
        this.#raise({ round, leader });
        break;
      case 'leader-ballot':
        this.#leaderBallot = { round, leader };
        break;
      case 'decided-mark':
        this.#decidedMark = slot;
        break;
      case 'floor':
        this.#floor = slot;
        break;
      case 'flushed':
        this.#flushed = slot;
        break;
      case 'accepted':
        this.#raise({ round, leader });
        this.#store(header, position, payload, at);
        break;
      case 'learned':
        this.#store(header, position, payload, at);
        break;
      default:
        kind satisfies never;
    }
  }

  #raise(ballot: Ballot): void {
    if (compareBallots(ballot, this.#ballot) > 0) this.#ballot = ballot;
  }

  #store(header: RecordHeader, position: Position, payload: Buffer, at: number): void {
    const { slot } = header;
    this.index.set(slot, position);
    if (slot >= this.#state.slotOut) this.#stored.set(slot, storedPvalue(header, payload, at));
  }

  /** What was found. Its floor may be above the records': the log has to write that one first. */
  result(): OpenedLog['recovered'] {
    const { slotOut, origin } = this.#state;
    // Of a state that was taken from another member: what the log holds below it need not be what
    // was decided. Versions that did not say where a state is from took none below the mark.
    const isTaken = slotOut > this.#decidedMark && origin !== 'own';
    const floor = Math.max(this.#floor, isTaken ? slotOut : 0);
    return {
      ...(this.#ballot && { ballot: this.#ballot }),
      ...(this.#leaderBallot && { leaderBallot: this.#leaderBallot }),
      decidedMark: this.#decidedMark,
      floor,
      stored: [...this.#stored.values()].filter(({ slot }) => slot >= floor),
    };
  }
}

/** The pvalue of the record at `at`. */
export function storedPvalue(header: RecordHeader, payload: Buffer, at: number): StoredPvalue {
  const { kind, slot, round, leader } = header;
  const value = readValue(payload, at, header);
  return { ballot: { round, leader }, slot, value, learned: kind === 'learned' };
}
