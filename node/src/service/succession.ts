import type { MemberId } from '../paxos/ballot.ts';
import type { Member } from '../paxos/member.ts';
import type { Backlog } from './backlog.ts';
import type { DiskWatch } from './disk-watch.ts';
import type { Reach } from './reach.ts';

export interface SuccessionParts {
  readonly disk: Pick<DiskWatch, 'ticks'>;
  readonly backlog: Pick<Backlog, 'tick'>;
  readonly reach: Pick<Reach, 'tick'>;
}

/**
 * To whom a leader hands over: where its disk stalls, where too much waits for its disk for long,
 * and where another one reaches more. Where all are as slow as this member, it leads on.
 */
export class Succession {
  readonly #member: Pick<Member, 'fitter' | 'leading' | 'quickerThan'>;
  readonly #parts: SuccessionParts;
  readonly #handOver: (to: MemberId) => void;

  constructor(
    member: Pick<Member, 'fitter' | 'leading' | 'quickerThan'>,
    parts: SuccessionParts,
    handOver: (to: MemberId) => void,
  ) {
    this.#member = member;
    this.#parts = parts;
    this.#handOver = handOver;
  }

  /** One tick passed. @param isStalled the disk has taken too long for a batch, as of this tick */
  tick(isStalled: boolean): void {
    const { disk, backlog, reach } = this.#parts;
    if (isStalled) this.#handOverTo(this.#member.quickerThan(disk.ticks));
    if (backlog.tick()) this.#handOverTo(this.#member.fitter);
    this.#handOverTo(reach.tick(this.#member.leading !== undefined));
  }

  #handOverTo(to: MemberId | undefined): void {
    if (to !== undefined) this.#handOver(to);
  }
}
