import type { Alarm } from '../../../contract/src/alarms.ts';
import type { MemberId } from '../paxos/ballot.ts';
import type { HistoryMark } from '../paxos/history.ts';
import type { Digests, HistoryAt, TableDigest } from '../paxos/messages.ts';
import type { Slot } from '../paxos/pvalue.ts';
import { DamageError } from '../storage/damage.ts';
import { STATE_FILE } from '../storage/state-files.ts';
import { historyError, splitError, type HaltError } from './halt-error.ts';
import { Histories } from './histories.ts';
import { StateComparison } from './state-comparison.ts';

export interface ComparisonsPorts {
  readonly self: MemberId;
  /** The voters of a slot. */
  votersAt(slot: Slot): readonly MemberId[];
  /** The first slot that is not applied here. */
  slotOut(): Slot;
  isLeading(): boolean;
  history(): HistoryMark | undefined;
  /** The hash of the own history up to an earlier slot, if it is known. */
  historyAt(slot: Slot): bigint | undefined;
  /** To one member, or to all others. */
  say(to: MemberId | undefined, message: HistoryAt | Digests): void;
  /** Cuts the state right below a slot, and says what its tables come to. */
  cutAt(slot: Slot, cut: (tables: TableDigest[]) => void): void;
  /** Nobody votes while it is not known whose history is right. */
  disputed(isOpen: boolean): void;
  /** To be proposed: after its slot, all compare their states. */
  compare(): void;
  failed(error: Error): void;
}

/**
 * Holds what this member decided, and what it made of that, against what the others did: of what
 * was decided every frame tells, and the states are compared where the log says to.
 */
export class Comparisons {
  readonly #ports: ComparisonsPorts;
  readonly #period: number;
  readonly #histories: Histories;
  readonly #states: StateComparison;
  #ticksToCompare: number;
  /** Nothing was applied since the last comparison. */
  #isCompared = true;
  #isDisputed = false;

  /** @param period ticks between two comparisons of the states, while something is applied */
  constructor(ports: ComparisonsPorts, period: number) {
    this.#ports = ports;
    this.#period = period;
    this.#ticksToCompare = period;
    this.#histories = new Histories({
      self: ports.self,
      own: () => ports.history(),
      at: (slot) => ports.historyAt(slot),
      voters: () => ports.votersAt(ports.slotOut()),
      say: (to, message) => ports.say(to, message),
    });
    this.#states = new StateComparison(ports.self, (slot) => ports.votersAt(slot), {
      minority: ({ slot, table }) => {
        const reason = `after slot ${slot}, a majority of the members has another`;
        ports.failed(new DamageError(STATE_FILE, `table ${table}`, reason));
      },
      split: ({ slot, table }) => ports.failed(splitError(slot, table)),
    });
  }

  get alarms(): Alarm[] {
    const histories = [...this.#histories.differing].map(([member, slot]) => {
      const rest = this.#isDisputed ? ' Nobody decides until a majority is there.' : '';
      return `What ${member} has as decided below slot ${slot} is not what this member has.${rest}`;
    });
    const states = [...this.#states.differing].map(([member, { slot, table }]) => {
      return `After slot ${slot}, ${member} had another table ${table} than a majority has.`;
    });
    return [...histories, ...states].map((sentence) => ({ code: 'another-history', sentence }));
  }

  /** That another member has another history, as a reason to stop; `undefined` while none has. */
  get error(): HaltError | undefined {
    const { differing } = this.#histories;
    return differing.size > 0 ? historyError(differing) : undefined;
  }

  /** Every frame of another member says what its history comes to. */
  heard(from: MemberId, history: HistoryMark): void {
    this.#histories.heard(from, history);
  }

  told(from: MemberId, message: HistoryAt | Digests): void {
    if (message.type === 'history') this.#histories.told(from, message);
    else this.#states.heard(from, message.slot, message.tables);
  }

  applied(): void {
    this.#isCompared = false;
  }

  /** The log says to: right behind that slot, every member has the same state. */
  compare(slot: Slot): void {
    this.#isCompared = true;
    this.#ports.cutAt(slot + 1, (tables) => {
      this.#ports.say(undefined, { type: 'digests', slot, tables });
      this.#states.heard(this.#ports.self, slot, tables);
    });
  }

  tick(): void {
    this.#compareHistories();
    this.#ticksToCompare -= 1;
    if (this.#ticksToCompare > 0 || this.#isCompared || !this.#ports.isLeading()) return;
    this.#ticksToCompare = this.#period;
    this.#isCompared = true;
    this.#ports.compare();
  }

  /** Judges what was heard until now: what is said meanwhile leaves before this member stops. */
  #compareHistories(): void {
    const { verdict, differing } = this.#histories;
    this.#histories.tick();
    if (verdict === 'refuted') return this.#ports.failed(historyError(differing));
    const isDisputed = verdict === 'disputed';
    if (isDisputed === this.#isDisputed) return;
    this.#isDisputed = isDisputed;
    this.#ports.disputed(isDisputed);
  }
}
