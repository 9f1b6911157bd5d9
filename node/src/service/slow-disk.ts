import type { Alarm } from '../../../contract/src/alarms.ts';

/** What is being written at a tick. */
export interface Writing {
  /** The log's batch has been under way for too long. */
  readonly isLogStalled: boolean;
  /** The cut of the state that is next, or under way: the same one as long as it is not on disk. */
  readonly cut: object | undefined;
}

/** A cut is larger than a batch of the log, and nobody waits for it. */
const CUT_STALLS = 2;
/** A disk whose writes end late is slow also between two of them. */
const HELD_STALLS = 4;

/** Notices that a disk is slow, and says so until it has not been for a while. */
export class SlowDisk {
  readonly #stallTicks: number;
  #cut: object | undefined;
  /** Ticks since that cut was first seen. */
  #cutTicks = 0;
  /** Ticks for which it is still said. */
  #left = 0;

  /** @param stallTicks after which a write of the log is slow */
  constructor(stallTicks: number) {
    this.#stallTicks = stallTicks;
  }

  tick({ isLogStalled, cut }: Writing): void {
    this.#cutTicks = cut !== undefined && cut === this.#cut ? this.#cutTicks + 1 : 0;
    this.#cut = cut;
    const isSlow = isLogStalled || this.#cutTicks >= CUT_STALLS * this.#stallTicks;
    this.#left = isSlow ? HELD_STALLS * this.#stallTicks : Math.max(0, this.#left - 1);
  }

  get alarms(): Alarm[] {
    return this.#left > 0 ? [slow] : [];
  }
}

const slow: Alarm = {
  code: 'disk-slow',
  sentence:
    'The disk takes more than a second for a write. See what else writes to it, or replace this ' +
    'member by one on a faster disk.',
};
