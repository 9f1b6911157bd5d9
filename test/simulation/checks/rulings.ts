import type { Pvalue, Slot, Value } from '../../../node/src/paxos/pvalue.ts';

/** Who rules a span of slots. */
interface Ruling {
  readonly number: number;
  readonly from: Slot;
  readonly voters: readonly string[];
  readonly learners: readonly string[];
}

/** What a command of the cluster itself begins with, and where its JSON does. */
const SYSTEM = 0x80;
const JSON_AT = 5;

/**
 * Who votes for which slot, by what was decided. Worked out here anew, from the bytes: what is
 * checked is not asked.
 */
export class Rulings {
  readonly #window: number;
  readonly #chosen: ReadonlyMap<Slot, Pvalue>;
  readonly #rulings: Ruling[];
  /** The slots below it have been read. */
  #read: Slot = 0;

  /** @param chosen what is decided; it grows */
  constructor(voters: readonly string[], window: number, chosen: ReadonlyMap<Slot, Pvalue>) {
    this.#window = window;
    this.#chosen = chosen;
    this.#rulings = [{ number: 0, from: 0, voters, learners: [] }];
  }

  /** A majority of its voters, which `has` counts, rules the slot. */
  isQuorum(slot: Slot, has: (voter: string) => boolean): boolean {
    return isMajority(this.#at(slot).voters, has);
  }

  /**
   * In a configuration that rules from `slot` on: of those that `has` counts, one is left when as
   * many voters are lost as may be.
   */
  outlivesLosses(slot: Slot, has: (voter: string) => boolean): boolean {
    const { number } = this.#at(slot);
    return this.#rulings.some((ruling) => {
      const mayBeLost = ruling.voters.length - (Math.floor(ruling.voters.length / 2) + 1);
      return ruling.number >= number && ruling.voters.filter(has).length > mayBeLost;
    });
  }

  /** A majority in each configuration that rules a slot from `slot` on, as decided below it. */
  areQuorums(slot: Slot, has: (voter: string) => boolean): boolean {
    const first = this.#at(slot);
    return this.#rulings
      .filter((ruling) => ruling.number >= first.number && ruling.from < slot + this.#window)
      .every(({ voters }) => isMajority(voters, has));
  }

  /** The newest configuration that was decided below `slot`. */
  newestAt(slot: Slot): Ruling {
    this.#readAll();
    const ruling = this.#rulings.findLast(({ from }) => from === 0 || from - this.#window < slot);
    return ruling ?? this.#first;
  }

  #at(slot: Slot): Ruling {
    this.#readAll();
    return this.#rulings.findLast(({ from }) => from <= slot) ?? this.#first;
  }

  get #first(): Ruling {
    return this.#rulings[0] as Ruling;
  }

  #readAll(): void {
    for (;;) {
      const pvalue = this.#chosen.get(this.#read);
      if (pvalue === undefined) return;
      this.#readOne(pvalue.value);
      this.#read += 1;
    }
  }

  #readOne(value: Value): void {
    for (const command of value) {
      if (command[0] !== SYSTEM) continue; // A client's.
      const newest = this.#rulings.at(-1) as Ruling;
      const change = JSON.parse(Buffer.from(command.subarray(JSON_AT)).toString()) as {
        type: string;
        base: number;
        voters: string[];
        learners: string[];
      };
      if (change.type !== 'change') continue;
      const isVoid = change.base !== newest.number || newest.from > this.#read;
      const added = change.voters.filter((voter) => !newest.voters.includes(voter));
      const areKnown = added.every((voter) => newest.learners.includes(voter));
      if (isVoid || !areKnown || changed(newest.voters, change.voters) > 1) continue;
      const { voters, learners } = change;
      const from = this.#read + this.#window;
      this.#rulings.push({ number: newest.number + 1, from, voters, learners });
    }
  }
}

function isMajority(voters: readonly string[], has: (voter: string) => boolean): boolean {
  return voters.filter(has).length > voters.length / 2;
}

function changed(before: readonly string[], after: readonly string[]): number {
  const gone = before.filter((voter) => !after.includes(voter));
  const come = after.filter((voter) => !before.includes(voter));
  return gone.length + come.length;
}
