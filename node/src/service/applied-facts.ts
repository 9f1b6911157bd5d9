import type { MachineVersion } from '../../../contract/src/machine-version.ts';
import type { Configuration } from '../paxos/configuration.ts';
import type { HistoryMark } from '../paxos/history.ts';
import type { Slot, Value } from '../paxos/pvalue.ts';
import { chained } from '../storage/digest.ts';
import type { Facts, OwnFacts } from '../storage/facts.ts';
import type { CutFacts } from '../storage/state.ts';

const RECENT_SLOTS = 4096;

/** What a cut of the state says beside its tables, kept as slots are applied. */
export class AppliedFacts {
  readonly #own: () => Pick<OwnFacts, 'logEnd' | 'heard'>;
  readonly #place = Buffer.alloc(12);
  #machine: MachineVersion | undefined;
  #configurations: readonly Configuration[] | undefined;
  #history: HistoryMark | undefined;
  #isReadOnly: boolean;
  /** Of the histories since the last cut. */
  #hashes: bigint[] = [];
  /** Of the last slots, by slot. */
  readonly #recent = new Map<Slot, bigint>();

  /** @param own what is true of the member itself, when it is asked */
  constructor(
    { slotOut, machine, configurations, history, isReadOnly = false }: Facts,
    own: () => Pick<OwnFacts, 'logEnd' | 'heard'>,
  ) {
    this.#own = own;
    this.#machine = machine;
    this.#configurations = configurations;
    this.#isReadOnly = isReadOnly;
    this.#history = history ?? (slotOut === 0 ? { slot: 0, from: 0, hash: 0n } : undefined);
  }

  /** All that was decided so far, as a hash; not known above a state of an older version. */
  get history(): HistoryMark | undefined {
    return this.#history;
  }

  /** The hash of the history up to a slot, if that was one of the last. */
  hashAt(slot: Slot): bigint | undefined {
    return slot === this.#history?.slot ? this.#history.hash : this.#recent.get(slot);
  }

  reconfigured(configurations: readonly Configuration[]): void {
    this.#configurations = configurations;
  }

  /** That version is in force from the next slot on. */
  upgraded(machine: MachineVersion): void {
    this.#machine = machine;
  }

  /** From the next slot on. */
  quotaReached(isReached: boolean): void {
    this.#isReadOnly = isReached;
  }

  /** A slot was applied, the one after those before. */
  applied(slot: Slot, value: Value): void {
    if (this.#history === undefined) return;
    const { from } = this.#history;
    this.#place.writeUIntBE(slot, 0, 6);
    this.#place.writeUInt32BE(value.length, 8);
    let hash = chained(this.#history.hash, this.#place);
    for (const command of value) hash = chained(hash, command);
    this.#history = { slot: slot + 1, from, hash };
    this.#hashes.push(hash);
    this.#recent.set(slot + 1, hash);
    this.#recent.delete(slot + 1 - RECENT_SLOTS);
  }

  /** For the cut that is made now, of all that was applied so far. */
  cut(): CutFacts {
    const hashes = this.#hashes;
    this.#hashes = [];
    const first = (this.#history?.slot ?? 0) - hashes.length + 1;
    return {
      ...(this.#machine && { machine: this.#machine }),
      ...(this.#configurations && { configurations: this.#configurations }),
      ...(this.#history && { history: this.#history }),
      isReadOnly: this.#isReadOnly,
      passed: { first, hashes },
      ...this.#own(),
    };
  }
}
