import { compareBallots, type Ballot } from '../paxos/ballot.ts';
import type { LogRecord } from '../paxos/effects.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { OpenedLog } from './log.ts';

/**
 * The newest of each record that has no slot: a new segment begins with them, so that the segments
 * before it can go.
 */
export class Restated {
  #ballot: Ballot | undefined;
  #leaderBallot: Ballot | undefined;
  #decidedMark: Slot;
  #floor: Slot;
  #flushed: Slot;

  constructor(recovered: OpenedLog['recovered'], flushed: Slot) {
    const { ballot, leaderBallot, decidedMark, floor } = recovered;
    this.#ballot = ballot;
    this.#leaderBallot = leaderBallot;
    this.#decidedMark = decidedMark;
    this.#floor = floor;
    this.#flushed = flushed;
  }

  get floor(): Slot {
    return this.#floor;
  }

  note(record: LogRecord): void {
    switch (record.type) {
      case 'ballot':
      case 'accepted':
        if (compareBallots(record.ballot, this.#ballot) > 0) this.#ballot = record.ballot;
        break;
      case 'leader-ballot':
        this.#leaderBallot = record.ballot;
        break;
      case 'decided-mark':
        this.#decidedMark = record.slot;
        break;
      case 'floor':
        this.#floor = record.slot;
        break;
      case 'flushed':
        this.#flushed = record.slot;
        break;
      case 'learned':
        break;
      default:
        record satisfies never;
    }
  }

  get records(): LogRecord[] {
    const records: LogRecord[] = [
      { type: 'decided-mark', slot: this.#decidedMark },
      { type: 'floor', slot: this.#floor },
      { type: 'flushed', slot: this.#flushed },
    ];
    if (this.#ballot) records.push({ type: 'ballot', ballot: this.#ballot });
    if (this.#leaderBallot) records.push({ type: 'leader-ballot', ballot: this.#leaderBallot });
    return records;
  }
}
