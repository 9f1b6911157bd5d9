import type { Acceptor } from './acceptor.ts';
import type { MemberId } from './ballot.ts';
import { send, type Effect } from './effects.ts';
import type { Input } from './input.ts';
import type { Learn, Learned } from './messages.ts';
import type { Pvalue, Slot } from './pvalue.ts';
import type { Replica } from './replica.ts';

/** Tells others what is decided: from memory, or from the log for what was forgotten. */
export class Teacher {
  readonly #replica: Replica;
  readonly #acceptor: Acceptor;
  readonly #batchBytes: number;

  /** @param batchBytes of values in one answer; one value may be larger */
  constructor(replica: Replica, acceptor: Acceptor, batchBytes: number) {
    this.#replica = replica;
    this.#acceptor = acceptor;
    this.#batchBytes = batchBytes;
  }

  /** @returns the answer, or what has to be read from the log for it */
  answer(asker: MemberId, { from, ballot, survey }: Learn): Effect {
    const { forgotten } = this.#replica;
    if (from < forgotten) return { type: 'recall', from, to: forgotten, asker };
    const decisions = this.#replica.known(from, this.#batchBytes);
    const value = ballot && this.#acceptor.valueAt(from, ballot);
    if (ballot && value && decisions[0]?.slot !== from) {
      decisions.unshift({ ballot, slot: from, value });
    }
    return this.#learned(asker, from, decisions, survey);
  }

  /** The log was read. Below `first` it has nothing: then the asker needs a state. */
  recalled({ asker, from, stored, first }: Input & { type: 'recalled' }): Effect {
    if (from >= first) return this.#learned(asker, from, stored);
    const { slotOut } = this.#replica;
    return send([asker], { type: 'learned', from, slotOut, decisions: [], floor: first });
  }

  #learned(to: MemberId, from: Slot, known: readonly Pvalue[], survey?: number): Effect {
    const decisions = known.map(({ ballot, slot, value }) => ({ ballot, slot, value }));
    const { slotOut } = this.#replica;
    const asked = survey === undefined ? {} : { survey };
    const message: Learned = { type: 'learned', from, slotOut, decisions, ...asked };
    return send([to], message);
  }
}
