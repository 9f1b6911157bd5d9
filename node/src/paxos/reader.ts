import type { MemberId } from './ballot.ts';
import type { Configuration } from './configuration.ts';
import { send, type Effect } from './effects.ts';
import { isSameIncarnation, type Incarnation } from './log-end.ts';
import type { Probed } from './messages.ts';
import type { Slot } from './pvalue.ts';
import { Quorum } from './quorum.ts';
import { Retransmission, type Timing } from './timing.ts';

/** A question to the voters of one configuration: how far have you accepted? */
interface Probe {
  readonly number: number;
  /** It serves the reads up to this one: they had come when it was sent. */
  readonly read: number;
  readonly configuration: Configuration;
  readonly quorum: Quorum;
  readonly retransmission: Retransmission;
  /** The highest answer. */
  end: Slot;
}

/** A probe that a quorum has answered: its reads wait until every slot below `end` is applied. */
type Answered = Pick<Probe, 'read' | 'configuration' | 'end'>;

/** So many answered probes wait at a time; the reads that come meanwhile share the next one. */
const MOST_ANSWERED = 8;

/**
 * Reads without the log, at any member (PMMC 4.5). What was acknowledged before a read came was
 * accepted by a quorum, and so one of every quorum says that it is below its `end`: a read waits
 * until that is applied here. One probe serves all reads that were waiting when it was sent, and
 * none that came later.
 */
export class Reader {
  readonly #run: Incarnation;
  readonly #timing: Timing;
  /** The last read that came, the last one that a probe was sent for, and the last one served. */
  #came = 0;
  #asked = 0;
  #served = 0;
  #probes = 0;
  #probe: Probe | undefined;
  #answered: Answered[] = [];
  #patience: Retransmission;
  #slotOut: Slot = 0;

  constructor(run: Incarnation, timing: Timing) {
    this.#run = run;
    this.#timing = timing;
    this.#patience = new Retransmission(timing.retransmit, timing.retransmitLongest);
  }

  /** Reads have come, up to that one. */
  came(read: number): void {
    this.#came = read;
  }

  /** A voter answers. What is of another probe, or was meant for an earlier run, is too old. */
  probed(from: MemberId, { of, number, end }: Probed): void {
    const probe = this.#probe;
    if (probe?.number !== number || !isSameIncarnation(of, this.#run)) return;
    probe.quorum.add(from);
    probe.end = Math.max(probe.end, end);
    if (!probe.quorum.reached) return;
    this.#answered.push(probe);
    this.#probe = undefined;
  }

  /**
   * Serves what can be served, and asks for what came.
   * @param configuration which rules the slot `slotOut`
   */
  proceed(slotOut: Slot, configuration: Configuration): Effect[] {
    return [...this.#serve(slotOut, configuration), ...this.#ask(configuration)];
  }

  #serve(slotOut: Slot, configuration: Configuration): Effect[] {
    const last = this.#answered.findLastIndex(({ end }) => end <= slotOut);
    const probe = this.#answered[last];
    if (probe === undefined) return [];
    // A later probe serves the reads of those before it, too.
    this.#answered = this.#answered.slice(last + 1);
    if (probe.configuration.number !== configuration.number) {
      // Others may have voted since: they have to be asked, too.
      this.#asked = this.#served;
      return [];
    }
    this.#served = Math.max(this.#served, probe.read);
    return [{ type: 'readable', read: probe.read }];
  }

  #ask(configuration: Configuration): Effect[] {
    const isFull = this.#probe !== undefined || this.#answered.length >= MOST_ANSWERED;
    if (this.#came <= this.#asked || isFull) return [];
    const { retransmit, retransmitLongest } = this.#timing;
    this.#probes += 1;
    this.#asked = this.#came;
    this.#probe = {
      number: this.#probes,
      read: this.#came,
      configuration,
      quorum: new Quorum([configuration.voters]),
      retransmission: new Retransmission(retransmit, retransmitLongest),
      end: 0,
    };
    return [this.#send(configuration.voters, this.#probes)];
  }

  #send(to: readonly MemberId[], number: number): Effect {
    return send(to, { type: 'probe', of: this.#run, number });
  }

  /** One tick passed. @param configuration which rules the next slot */
  tick(random: number, configuration: Configuration): Effect[] {
    const probe = this.#probe;
    if (probe === undefined) return [];
    if (probe.configuration.number !== configuration.number) {
      // Whoever was asked may be gone.
      this.#probe = undefined;
      this.#asked = this.#served;
      return [];
    }
    if (!probe.retransmission.tick(random)) return [];
    return [this.#send(probe.quorum.missing, probe.number)];
  }

  /**
   * One tick passed. A slot may be accepted somewhere, and nobody is there any more who has it
   * decided: reads would wait for it for ever.
   * @returns the last slot that reads have waited for too long
   */
  stuckOn(random: number, slotOut: Slot): Slot | undefined {
    if (this.#answered.length === 0 || slotOut !== this.#slotOut) this.#patience.reset();
    this.#slotOut = slotOut;
    const ends = this.#answered.map(({ end }) => end);
    return ends.length > 0 && this.#patience.tick(random) ? Math.max(...ends) - 1 : undefined;
  }
}
