import type { Effect } from '../paxos/effects.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { Cut, CutFacts } from '../storage/state.ts';
import type { Barrier } from './barrier.ts';
import type { DriverPorts, DriverSettings } from './driver-ports.ts';

type Ports = Pick<DriverPorts, 'applier' | 'member' | 'metrics' | 'now' | 'state'>;
type Settings = Pick<DriverSettings, 'checkpointTicks' | 'overlayBytes' | 'unwrittenBytes'>;

export interface CheckpointsEvents {
  /** The member has something to write before the cut is. */
  perform(effects: Effect[]): void;
  /** What is true of what was applied so far, for the cut. */
  facts(): CutFacts;
  /** Every slot below `slotOut` is in the state on disk. */
  flushed(slotOut: Slot): void;
  /** Something waits for the barrier, also in a member that has stopped. */
  release(): void;
  failed(error: Error): void;
}

/** Cuts that may wait to be written: where the log says to compare, one is made in any case. */
const CUTS_AT_MOST = 3;

/**
 * Cuts the state now and then. Cuts are written in their order, one at a time, each once its
 * decided mark is durable: what is on disk never claims a slot that the log does not know to be
 * decided.
 */
export class Checkpoints {
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #barrier: Barrier;
  readonly #events: CheckpointsEvents;
  /** What has to be written, the one that is being written first. */
  readonly #cuts: { readonly cut: Cut; readonly written: (() => void) | undefined }[] = [];
  #ticksLeft: number;
  /** Waits for all cuts to be written. */
  #idle: (() => void) | undefined;

  constructor(ports: Ports, settings: Settings, barrier: Barrier, events: CheckpointsEvents) {
    this.#ports = ports;
    this.#settings = settings;
    this.#barrier = barrier;
    this.#events = events;
    this.#ticksLeft = settings.checkpointTicks;
  }

  /** What is to be written next, or is being written. */
  get writing(): Cut | undefined {
    return this.#cuts[0]?.cut;
  }

  tick(): void {
    this.#ticksLeft -= 1;
  }

  /** So much of the state may be in memory: well before nothing new is taken any more. */
  get #most(): number {
    const { overlayBytes, unwrittenBytes } = this.#settings;
    return Math.min(overlayBytes, unwrittenBytes / 4);
  }

  /** Cuts the state when it is time to. */
  cutWhenDue(): void {
    const { state, applier } = this.#ports;
    const bytes = state.overlayBytes + applier.unsavedBytes;
    const due = this.#ticksLeft <= 0 || bytes > this.#most;
    if (!due || this.#cuts.length > 0 || !this.#hasNews) return;
    this.#ticksLeft = this.#settings.checkpointTicks;
    this.#cut(this.#ports.member.slotOut, undefined);
  }

  /**
   * Cuts right behind a slot, in the middle of a step, if the disk can keep up.
   * @param slotOut every slot below it, and no other, has been applied to the tables
   * @param written called once the cut is on disk
   */
  cutAt(slotOut: Slot, written: () => void): void {
    if (this.#cuts.length < CUTS_AT_MOST) this.#cut(slotOut, written);
  }

  /** Cuts what is not on disk yet; nothing may be being written. */
  cutRest(): void {
    if (this.#hasNews) this.#cut(this.#ports.member.slotOut, undefined);
  }

  /** Runs `run` once no cut is being written, and no record. */
  whenIdle(run: () => void): void {
    const idle = (): void => this.#barrier.hold(run);
    if (this.#cuts.length > 0) this.#idle = idle;
    else idle();
  }

  get #hasNews(): boolean {
    const { member, state } = this.#ports;
    return member.slotOut > state.flushedSlotOut;
  }

  #cut(slotOut: Slot, written: (() => void) | undefined): void {
    const { state, applier, member } = this.#ports;
    this.#events.perform(member.step({ type: 'checkpoint' }));
    applier.save();
    const cut = state.cut(slotOut, this.#events.facts());
    this.#cuts.push({ cut, written });
    if (this.#cuts.length === 1) this.#barrier.hold(() => this.#write());
  }

  #write(): void {
    const { metrics, now } = this.#ports;
    const [next] = this.#cuts;
    if (next === undefined) return;
    const begin = now();
    next.cut.write((error) => {
      if (error !== undefined) return this.#events.failed(error);
      metrics.histograms.cutSeconds.observe((now() - begin) / 1000);
      this.#cuts.shift();
      next.written?.();
      this.#events.flushed(next.cut.slotOut);
      if (this.#cuts.length > 0) this.#barrier.hold(() => this.#write());
      else this.#idle?.();
      this.#events.release();
    });
  }
}
