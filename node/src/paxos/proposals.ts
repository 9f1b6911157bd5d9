import type { Ballot, MemberId } from './ballot.ts';
import { Commander } from './commander.ts';
import type { Configurations } from './configurations.ts';
import { send, type Effect } from './effects.ts';
import { invariant } from './invariant.ts';
import type { Adopted, P2b, Preempted } from './messages.ts';
import type { Pace } from './pace.ts';
import { NO_OP, type Slot, type Value } from './pvalue.ts';
import { regimes, type LeadershipMode } from './regime.ts';
import type { Timing } from './timing.ts';

/** So many decisions ride on a p2a, at most: a message has room for them beside any value. */
export const MOST_RIDING = 256;

/** Whose the proposals are, and at which ballot. */
export interface Terms {
  readonly self: MemberId;
  readonly ballot: Ballot;
  readonly mode: LeadershipMode;
  readonly pace: Pick<Pace, 'asked'>;
}

/**
 * What an active leader has proposed at its ballot, and the commanders that get it decided (PMMC
 * figure 7). Another ballot has others.
 */
export class Proposals {
  readonly #of: Terms;
  readonly #timing: Timing;
  /** C1: per ballot at most one value a slot. */
  readonly #values = new Map<Slot, Value>();
  readonly #commanders = new Map<Slot, Commander>();
  #configurations: Configurations;
  /** The co-located `slot_out`: below it everything is decided and forgotten. */
  #slotOut: Slot;
  /** Below it nothing is proposed: a quorum says that it is decided. */
  #forgotten: Slot = 0;
  /** Every slot below it has a proposal, or gets a no-op. */
  #end: Slot;
  #inherited: Slot;
  /** Decided, and no p2a has carried it to the others yet. */
  #decided: Slot[] = [];

  /** @param slotOut the co-located replica's */
  constructor(of: Terms, slotOut: Slot, configurations: Configurations, timing: Timing) {
    this.#of = of;
    this.#timing = timing;
    this.#slotOut = slotOut;
    this.#configurations = configurations;
    this.#end = slotOut;
    this.#inherited = slotOut;
  }

  /** Below it, other leaders may have decided something. */
  get inherited(): Slot {
    return this.#inherited;
  }

  /**
   * Proposes what phase 1 reported from `from` on, and nothing that was forgotten: neither no-ops
   * nor reported pvalues.
   */
  adopt({ forgotten, from, pvalues }: Adopted): Effect[] {
    this.#forgotten = Math.max(this.#forgotten, forgotten);
    const effects: Effect[] = [];
    const first = Math.max(this.#slotOut, this.#forgotten, from);
    const reported = [...pvalues].filter(([slot]) => slot >= first).sort(([a], [b]) => a - b);
    let next = first;
    for (const [slot, { value }] of reported) {
      effects.push(...this.#fillHoles(next, slot));
      // C2: the pvalue of the highest ballot that a quorum reported is the only choice (pmax).
      effects.push(...this.select(slot, value));
      next = slot + 1;
    }
    this.#inherited = Math.max(this.#inherited, next);
    // Up to the first slot of a pending configuration an idle cluster decides no-ops.
    this.#end = Math.max(this.#end, this.#configurations.newest.from);
    return effects;
  }

  /**
   * Another configuration was decided. What is proposed from `from` on, and has no commander yet,
   * is void: phase 1 was not in the configuration that rules there.
   */
  reconfigured(configurations: Configurations, from: Slot): void {
    for (let slot = from; slot < this.#end; slot++) {
      invariant(!this.#commanders.has(slot), 'R5', () => `slot ${slot} has a commander too soon`);
      this.#values.delete(slot);
    }
    this.#configurations = configurations;
    this.#end = Math.min(this.#end, from);
    // Phase 1 there says anew what others may have decided.
    this.#inherited = Math.min(this.#inherited, from);
  }

  has(slot: Slot): boolean {
    return this.#values.has(slot);
  }

  select(slot: Slot, value: Value): Effect[] {
    // C1: per ballot and slot one value is selected, and one commander spawned.
    invariant(!this.#values.has(slot), 'C1', () => `slot ${slot} is selected twice`);
    this.#values.set(slot, value);
    this.#end = Math.max(this.#end, slot + 1);
    return this.#spawn(slot, value);
  }

  #spawn(slot: Slot, value: Value): Effect[] {
    const { ballot, pace } = this.#of;
    // R5: no commander at or beyond slot_out + WINDOW.
    if (slot >= this.#slotOut + this.#configurations.window) return [];
    invariant(!this.#commanders.has(slot), 'C1', () => `slot ${slot} has a commander already`);
    const { voters } = this.#configurations.at(slot);
    this.#commanders.set(slot, new Commander(ballot, slot, value, voters, this.#timing));
    pace.asked(voters, ballot, slot);
    const decided = this.#decided.splice(0, MOST_RIDING);
    const { members } = this.#configurations;
    return [send(members, { type: 'p2a', ballot, slot, value, decided })];
  }

  p2b(from: MemberId, message: P2b): Effect[] | Preempted {
    const commander = this.#commanders.get(message.slot);
    const outcome = commander?.p2b(from, message);
    if (commander === undefined || outcome === undefined) return [];
    return outcome.type === 'decided' ? this.#decide(commander) : outcome;
  }

  /** The decision goes to the own replica at once, to the others with the next p2a or tick. */
  #decide({ ballot, slot, value }: Commander): Effect[] {
    const { mode, self } = this.#of;
    this.#commanders.delete(slot);
    if (!regimes[mode].decisionsRide) {
      return [send(this.#configurations.members, { type: 'decision', ballot, slot, value })];
    }
    this.#decided.push(slot);
    return [send([self], { type: 'decision', ballot, slot, value })];
  }

  /** The co-located replica has applied every slot below `slotOut`. */
  advance(slotOut: Slot): Effect[] {
    const { window } = this.#configurations;
    const before = this.#slotOut + window;
    for (; this.#slotOut < slotOut; this.#slotOut++) {
      this.#values.delete(this.#slotOut);
      this.#commanders.delete(this.#slotOut);
    }
    const effects: Effect[] = [];
    const end = Math.min(this.#slotOut + window, this.#end);
    for (let slot = Math.max(before, this.#slotOut); slot < end; slot++) {
      const value = this.#values.get(slot);
      if (value !== undefined) effects.push(...this.#spawn(slot, value));
    }
    // Where a configuration is new, phase 1 comes first: `#end` is not beyond.
    const inherited = Math.min(this.#inherited, this.#end);
    return [...effects, ...this.#fillHoles(Math.max(before, this.#slotOut), inherited)];
  }

  tick(random: number): Effect[] {
    const effects = this.announceDecided();
    for (const commander of this.#commanders.values()) {
      const { ballot, slot, value } = commander;
      const to = commander.tick(random, this.#isUrgent(slot));
      if (to.length > 0) effects.push(send(to, { type: 'p2a', ballot, slot, value, decided: [] }));
    }
    const from = Math.max(this.#slotOut, this.#forgotten);
    const hasHoles = this.#values.size < this.#end - from;
    return hasHoles ? [...effects, ...this.#fillHoles(from, this.#end)] : effects;
  }

  /**
   * The slots after it wait for it, and WINDOW with them. On demand nobody says whether the others
   * are there at all; a stable leader that hears no quorum steps down.
   */
  #isUrgent(slot: Slot): boolean {
    return regimes[this.#of.mode].hasOneLeader && slot === this.#slotOut;
  }

  /**
   * A hole below a proposal would hold up every slot above it: it gets a no-op, when WINDOW comes
   * to it. So a proposal far up costs no more than any other.
   */
  #fillHoles(from: Slot, to: Slot): Effect[] {
    const effects: Effect[] = [];
    const end = Math.min(to, this.#slotOut + this.#configurations.window);
    for (let slot = Math.max(from, this.#forgotten); slot < end; slot++) {
      if (!this.#values.has(slot)) effects.push(...this.select(slot, NO_OP));
    }
    return effects;
  }

  /** Decisions that no p2a carried away yet. */
  announceDecided(): Effect[] {
    const { ballot, self } = this.#of;
    const others = this.#configurations.members.filter((member) => member !== self);
    const decided = this.#decided;
    this.#decided = [];
    return decided.map((slot) => send(others, { type: 'decision', ballot, slot }));
  }
}
