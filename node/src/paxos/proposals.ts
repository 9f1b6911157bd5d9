import type { Ballot, MemberId } from './ballot.ts';
import { Commander } from './commander.ts';
import type { Configuration, LeadershipMode } from './configuration.ts';
import { send, type Effect } from './effects.ts';
import { invariant } from './invariant.ts';
import type { P2b, Preempted } from './messages.ts';
import { NO_OP, type Slot, type Value } from './pvalue.ts';
import type { Timing } from './timing.ts';

/** The leadership that the proposals belong to. */
export interface Leadership {
  readonly self: MemberId;
  readonly ballot: Ballot;
  readonly configuration: Configuration;
  readonly mode: LeadershipMode;
  /** Below it nothing is proposed: a quorum says that it is decided. */
  readonly floor: Slot;
  /** The co-located replica's. */
  readonly slotOut: Slot;
}

/**
 * What an active leader has proposed at its ballot, and the commanders that get it decided (PMMC
 * figure 7). Another ballot has others.
 */
export class Proposals {
  readonly #of: Leadership;
  readonly #timing: Timing;
  /** C1: per ballot at most one value a slot. */
  readonly #values = new Map<Slot, Value>();
  readonly #commanders = new Map<Slot, Commander>();
  /** The co-located `slot_out`: below it everything is decided and forgotten. */
  #mark: Slot;
  /** One past the highest slot with a proposal. */
  #end: Slot = 0;
  /** Decided, and no p2a has carried it to the others yet. */
  #decided: Slot[] = [];

  constructor(of: Leadership, timing: Timing) {
    this.#of = of;
    this.#timing = timing;
    this.#mark = of.slotOut;
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
    const { ballot, configuration } = this.#of;
    // R5: no commander at or beyond slot_out + WINDOW.
    if (slot >= this.#mark + configuration.window) return [];
    invariant(!this.#commanders.has(slot), 'C1', () => `slot ${slot} has a commander already`);
    const { voters } = configuration;
    this.#commanders.set(slot, new Commander(ballot, slot, value, voters, this.#timing));
    const decided = this.#decided;
    this.#decided = [];
    return [send(voters, { type: 'p2a', ballot, slot, value, decided })];
  }

  p2b(from: MemberId, message: P2b): Effect[] | Preempted {
    const commander = this.#commanders.get(message.slot);
    const outcome = commander?.p2b(from, message);
    if (commander === undefined || outcome === undefined) return [];
    return outcome.type === 'decided' ? this.#decide(commander) : outcome;
  }

  /** The decision goes to the own replica at once, to the others with the next p2a or tick. */
  #decide({ ballot, slot, value }: Commander): Effect[] {
    const { mode, self, configuration } = this.#of;
    this.#commanders.delete(slot);
    if (mode === 'on-demand') {
      return [send(configuration.voters, { type: 'decision', ballot, slot, value })];
    }
    this.#decided.push(slot);
    return [send([self], { type: 'decision', ballot, slot, value })];
  }

  /** The co-located replica has applied every slot below `slotOut`. */
  advance(slotOut: Slot): Effect[] {
    const { window } = this.#of.configuration;
    const before = this.#mark + window;
    for (; this.#mark < slotOut; this.#mark++) {
      this.#values.delete(this.#mark);
      this.#commanders.delete(this.#mark);
    }
    const effects: Effect[] = [];
    const end = Math.min(this.#mark + window, this.#end);
    for (let slot = Math.max(before, this.#mark); slot < end; slot++) {
      const value = this.#values.get(slot);
      if (value !== undefined) effects.push(...this.#spawn(slot, value));
    }
    return effects;
  }

  tick(random: number): Effect[] {
    const effects = this.announceDecided();
    for (const commander of this.#commanders.values()) {
      const { ballot, slot, value } = commander;
      const to = commander.tick(random);
      if (to.length > 0) effects.push(send(to, { type: 'p2a', ballot, slot, value, decided: [] }));
    }
    return [...effects, ...this.#fillHoles()];
  }

  /** A hole below a proposal would hold up every slot above it: it gets a no-op. */
  #fillHoles(): Effect[] {
    const from = Math.max(this.#mark, this.#of.floor);
    if (this.#values.size >= this.#end - from) return [];
    const effects: Effect[] = [];
    for (let slot = from; slot < this.#end; slot++) {
      if (!this.#values.has(slot)) effects.push(...this.select(slot, NO_OP));
    }
    return effects;
  }

  /** Decisions that no p2a carried away yet. */
  announceDecided(): Effect[] {
    const { ballot, configuration, self } = this.#of;
    const others = configuration.voters.filter((voter) => voter !== self);
    const decided = this.#decided;
    this.#decided = [];
    return decided.map((slot) => send(others, { type: 'decision', ballot, slot }));
  }
}
