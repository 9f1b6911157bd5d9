import type { Effect } from '../paxos/effects.ts';
import type { Slot } from '../paxos/pvalue.ts';
import type { Barrier } from './barrier.ts';
import type { DriverPorts, DriverSettings } from './driver-ports.ts';

type Ports = Pick<DriverPorts, 'applier' | 'member' | 'metrics' | 'now' | 'state'>;
type Settings = Pick<DriverSettings, 'checkpointTicks' | 'overlayBytes'>;

export interface CheckpointsEvents {
  /** The member has something to write before the cut is. */
  perform(effects: Effect[]): void;
  /** Every slot below `slotOut` is in the state on disk. */
  flushed(slotOut: Slot): void;
  failed(error: Error): void;
}

/**
 * Cuts the state now and then, one cut at a time. A cut is written once its decided mark is
 * durable: what is on disk never claims a slot that the log does not know to be decided.
 */
export class Checkpoints {
  readonly #ports: Ports;
  readonly #settings: Settings;
  readonly #barrier: Barrier;
  readonly #events: CheckpointsEvents;
  #isCutting = false;
  #ticksLeft: number;
  /** Waits for the cut that is being written. */
  #idle: (() => void) | undefined;

  constructor(ports: Ports, settings: Settings, barrier: Barrier, events: CheckpointsEvents) {
    this.#ports = ports;
    this.#settings = settings;
    this.#barrier = barrier;
    this.#events = events;
    this.#ticksLeft = settings.checkpointTicks;
  }

  tick(): void {
    this.#ticksLeft -= 1;
  }

  /** Cuts the state when it is time to. */
  cutWhenDue(): void {
    const { state } = this.#ports;
    const due = this.#ticksLeft <= 0 || state.overlayBytes > this.#settings.overlayBytes;
    if (!due || this.#isCutting || !this.#hasNews) return;
    this.#ticksLeft = this.#settings.checkpointTicks;
    this.#cut();
  }

  /** Cuts what is not on disk yet; nothing may be being written. */
  cutRest(): void {
    if (this.#hasNews) this.#cut();
  }

  /** Runs `run` once no cut is being written, and no record. */
  whenIdle(run: () => void): void {
    const idle = (): void => this.#barrier.hold(run);
    if (this.#isCutting) this.#idle = idle;
    else idle();
  }

  get #hasNews(): boolean {
    const { member, state } = this.#ports;
    return member.slotOut > state.flushedSlotOut;
  }

  #cut(): void {
    const { state, applier, member, metrics, now } = this.#ports;
    this.#isCutting = true;
    this.#events.perform(member.step({ type: 'checkpoint' }));
    applier.save();
    const cut = state.cut(member.slotOut);
    this.#barrier.hold(() => {
      const begin = now();
      cut.write((error) => {
        if (error !== undefined) return this.#events.failed(error);
        metrics.histograms.cutSeconds.observe((now() - begin) / 1000);
        this.#isCutting = false;
        this.#events.flushed(cut.slotOut);
        this.#idle?.();
      });
    });
  }
}
