import type { Ballot, MemberId } from './ballot.ts';
import type { Configurations } from './configurations.ts';
import type { Effect, Recovered } from './effects.ts';
import { invariant } from './invariant.ts';
import type { Propose } from './messages.ts';
import { Page } from './page.ts';
import {
  COMMAND_FRAMING,
  NO_OP,
  sameValue,
  valueBytes,
  type Command,
  type Pvalue,
  type Slot,
  type Value,
} from './pvalue.ts';
import { isQuorum } from './quorum.ts';
import { SlotMap } from './slot-map.ts';
import {
  isSystemCommand,
  parseSystemCommand,
  type DecidedChange,
  type Upgrade,
} from './system-command.ts';
import { Retransmission, type Timing } from './timing.ts';
import type { MachineVersions } from './upgrade.ts';

/** So far above `slot_out` it keeps at which ballot a slot was decided that it has no value of. */
const MOST_VALUELESS = 4096;

/** How the replica packs commands into slots. */
export interface Packing {
  /**
   * Bytes of commands in one slot. A single larger command still gets one of its own, if a message
   * has room for it.
   */
  readonly batchBytes: number;
  /** How many of its slots may be undecided at a time; WINDOW bounds it too. */
  readonly pipeline: number;
  /** Bytes of commands that are applied in one go (a slot at least): what is left goes on soon. */
  readonly applyBytes: number;
  /**
   * A member that holds more, because it is behind, accepts nothing that is WINDOW or more slots
   * ahead of it: it learns that later.
   */
  readonly heldBytes: number;
}

/** What others know of commands: the core looks no further. */
export interface CommandJudges {
  /** Whether a value is as those who made its commands made them. */
  readonly isSound: (value: Value) => boolean;
  /** Whether it has run, as far as this member has applied: it need not be decided again. */
  readonly isAnswered: (command: Command) => boolean;
}

/**
 * The replica: proposes commands for slots and applies decisions in slot order (PMMC figure 1).
 * A slot holds a batch of commands, and several slots are in flight.
 */
export class Replica {
  #configurations: Configurations;
  readonly #packing: Packing;
  readonly #retransmission: Retransmission;

  /** Commands that are in no slot yet. */
  #requests: Command[] = [];
  #requestBytes = 0;
  /** So many of them, from the first on, may have run while they waited. */
  #unsure = 0;
  /** What a message has room for. */
  room = Infinity;
  /** Commands that no message has room for any more: nobody has heard of their refusal yet. */
  #refused: Command[] = [];
  /** Its own proposals for slots that are not decided. */
  readonly #proposals = new Map<Slot, Value>();
  /** Decided values from the floor on, applied or not. */
  readonly #decisions = new SlotMap<Pvalue>();
  /** Slots that were decided at a ballot, their value not yet known here. */
  readonly #valueless = new Map<Slot, Ballot>();
  #slotIn: Slot;
  #slotOut: Slot;
  #floor: Slot;
  /** One past the highest slot that is known to be decided. */
  #end: Slot;
  readonly #judges: CommandJudges;
  #versions: MachineVersions;
  /** The decided value of the next slot, which is not as it was made, and who else has it so. */
  #doubted: { readonly value: Value; readonly by: Set<MemberId> } | undefined;

  constructor(
    configurations: Configurations,
    packing: Packing,
    timing: Timing,
    { slotOut, decidedMark, stored }: Recovered,
    judges: CommandJudges,
    versions: MachineVersions,
  ) {
    this.#judges = judges;
    this.#versions = versions;
    this.#configurations = configurations;
    this.#packing = packing;
    this.#retransmission = new Retransmission(timing.retransmit, timing.retransmitLongest);
    this.#slotIn = slotOut;
    this.#slotOut = slotOut;
    this.#floor = slotOut;
    this.#end = slotOut;
    for (const { learned, ballot, slot, value } of stored) {
      // What the log holds is accepted, not decided: only what it learned, or below the mark.
      if (slot < slotOut || (!learned && slot >= decidedMark)) continue;
      this.#decisions.set(slot, { ballot, slot, value });
      this.#end = Math.max(this.#end, slot + 1);
    }
  }

  /** As of `slot_out`. */
  get configurations(): Configurations {
    return this.#configurations;
  }

  /** The version of the machine that is in force at `slot_out`. */
  get version(): number {
    return this.#versions.inForce;
  }

  get slotIn(): Slot {
    return this.#slotIn;
  }

  get slotOut(): Slot {
    return this.#slotOut;
  }

  /** Commands that it was given and that are not applied: waiting, or in a slot. */
  get unapplied(): boolean {
    return this.#requests.length > 0 || this.#proposals.size > 0;
  }

  /** Bytes of commands that are in no slot yet. */
  get requestBytes(): number {
    return this.#requestBytes;
  }

  /** So many bytes of commands the next slot has room for, beside those that wait. */
  get wanted(): number {
    const { pipeline, batchBytes } = this.#packing;
    return this.#proposals.size < pipeline ? batchBytes - this.#requestBytes : 0;
  }

  /** One past the highest slot that is known to be decided. */
  get decidedEnd(): Slot {
    return this.#end;
  }

  /** Whether a slot at or above `slot_out` is known to be decided, but the next one is lacking. */
  behind(target: Slot): boolean {
    return this.#slotOut < Math.max(target, this.#end) && !this.hasMore;
  }

  /**
   * Takes commands of clients.
   * @param isBehind whether not all is applied that may be decided: they may have run by then
   */
  request(commands: readonly Command[], isBehind = false): void {
    for (const command of commands) {
      this.#requests.push(command);
      this.#requestBytes += command.length;
    }
    if (isBehind) this.#unsure = this.#requests.length;
  }

  /** Proposes what is waiting, as far as the pipeline and WINDOW reach. */
  propose(): Propose[] {
    const proposed: Propose[] = [];
    while (this.#hasFitting() && this.#proposals.size < this.#packing.pipeline) {
      // R5: propose only where the configuration is known: slot_in < slot_out + WINDOW.
      if (this.#slotIn >= this.#slotOut + this.#configurations.window) break;
      const slot = this.#slotIn;
      this.#slotIn += 1;
      if (this.#isTaken(slot)) continue;
      const waited = this.#requests.length;
      const value = this.#pack();
      if (value.length === 0) {
        this.#slotIn = slot; // What was next has run.
        if (this.#requests.length === waited) break;
        continue;
      }
      this.#proposals.set(slot, value);
      proposed.push({ type: 'propose', slot, value });
    }
    return proposed;
  }

  /**
   * Somebody waits for a slot that nobody fills: a no-op is proposed for it, where WINDOW reaches.
   * @returns nothing when it is on its way already
   */
  fill(slot: Slot): Propose[] {
    const last = Math.min(slot, this.#slotOut + this.#configurations.window - 1);
    if (last < this.#slotOut || this.#isTaken(last)) return [];
    this.#proposals.set(last, NO_OP);
    return [{ type: 'propose', slot: last, value: NO_OP }];
  }

  /** It is decided, or has an own proposal. */
  #isTaken(slot: Slot): boolean {
    return this.#decisions.has(slot) || this.#valueless.has(slot) || this.#proposals.has(slot);
  }

  /**
   * Whether a command waits that may be proposed. The room was larger when those came that do not
   * fit: what cannot be sent never enters a slot.
   */
  #hasFitting(): boolean {
    const fits = ({ length }: Command): boolean => length + COMMAND_FRAMING <= this.room;
    const [first] = this.#requests;
    if (first === undefined || fits(first)) return first !== undefined;
    const fitting = this.#requests.findIndex(fits);
    this.#refused.push(...this.#take(fitting < 0 ? this.#requests.length : fitting));
    return this.#requests.length > 0;
  }

  /** What was refused since it was asked for the last time. */
  takeRefused(): readonly Command[] {
    const refused = this.#refused;
    if (refused.length > 0) this.#refused = [];
    return refused;
  }

  /** The next batch. What has run while it waited, as another leader's, is left out. */
  #pack(): Value {
    const value: Command[] = [];
    let bytes = 0;
    let taken = 0;
    for (const command of this.#requests) {
      const more = bytes + command.length;
      if (value.length > 0 && more > this.#packing.batchBytes) break;
      if (more + (value.length + 1) * COMMAND_FRAMING > this.room) break;
      taken += 1;
      if (taken <= this.#unsure && this.#judges.isAnswered(command)) continue;
      bytes = more;
      value.push(command);
    }
    this.#take(taken);
    return value;
  }

  /** The first commands that wait, which wait no longer. */
  #take(count: number): Value {
    const value = count === this.#requests.length ? this.#requests : this.#requests.slice(0, count);
    this.#requests = count === this.#requests.length ? [] : this.#requests.slice(count);
    for (const { length } of value) this.#requestBytes -= length;
    this.#unsure = Math.max(0, this.#unsure - count);
    return value;
  }

  /**
   * Leadership is lost: what waits and what was proposed is others' now. A proposal may be decided
   * yet; its commands run once all the same, as clients send them again with their numbers.
   */
  drop(): void {
    this.#requests = [];
    this.#requestBytes = 0;
    this.#unsure = 0;
    this.#proposals.clear();
    this.#slotIn = this.#slotOut;
  }

  /** Its undecided proposals: again after a growing interval, and when its leader became active. */
  outstanding(): Propose[] {
    const undecided: Propose[] = [];
    for (const [slot, value] of this.#proposals) undecided.push({ type: 'propose', slot, value });
    return undecided;
  }

  /** @returns the proposals to send again */
  tick(random: number): Propose[] {
    if (this.#proposals.size === 0) {
      this.#retransmission.reset();
      return [];
    }
    return this.#retransmission.tick(random) ? this.outstanding() : [];
  }

  /** Slot `slot` was decided at `ballot`, and its value is not known here: it has to be learned. */
  decidedWithoutValue(ballot: Ballot, slot: Slot): void {
    if (slot < this.#slotOut || this.#decisions.has(slot)) return;
    this.#end = Math.max(this.#end, slot + 1);
    // Who is farther behind asks without a ballot, and is told all the same.
    if (slot < this.#slotOut + MOST_VALUELESS) this.#valueless.set(slot, ballot);
  }

  /** The ballot at which the next slot was decided, if that is all that is known of it. */
  get valuelessBallot(): Ballot | undefined {
    return this.#valueless.get(this.#slotOut);
  }

  /**
   * Takes a decision.
   * @param by who gave its value; nobody, when it is this member's own copy
   * @returns whether it is news
   */
  decided(decision: Pvalue, by?: MemberId): boolean {
    const { ballot, slot, value } = decision;
    // R1: a slot that has its decision keeps it; decisions for one slot are the same.
    if (slot < this.#slotOut || this.#decisions.has(slot)) return false;
    if (by !== undefined && !this.#judges.isSound(value) && !this.#vouch(slot, value, by)) {
      this.decidedWithoutValue(ballot, slot);
      return false;
    }
    this.#decisions.set(slot, decision);
    this.#valueless.delete(slot);
    this.#end = Math.max(this.#end, slot + 1);
    this.#settle(slot, value);
    this.#retransmission.reset();
    return true;
  }

  /** Its own proposal for the slot is over. If another one won, the commands wait again. */
  #settle(slot: Slot, value: Value): void {
    const own = this.#proposals.get(slot);
    if (own === undefined) return;
    this.#proposals.delete(slot);
    if (sameValue(own, value)) return;
    this.#requests = [...own, ...this.#requests];
    this.#unsure += own.length;
    for (const command of own) this.#requestBytes += command.length;
  }

  /** The next slot can be applied. */
  get hasMore(): boolean {
    const { inForce, newest } = this.#versions;
    return inForce <= newest && this.#decisions.has(this.#slotOut);
  }

  /**
   * Applies decided slots in order, up to the first that is not decided, or that a version of the
   * machine rules which this member has not; and no more at a time than `applyBytes` says.
   */
  perform(): Effect[] {
    const effects: Effect[] = [];
    let bytes = 0;
    while (this.hasMore) {
      const decision = this.#decisions.get(this.#slotOut);
      if (decision === undefined || !this.#isTrusted(decision)) break;
      bytes += valueBytes(decision.value);
      if (effects.length > 0 && bytes > this.#packing.applyBytes) break;
      // R3: the state is the decisions applied in slot order, up to slot_out.
      effects.push({ type: 'apply', slot: this.#slotOut, value: decision.value });
      effects.push(...this.#obeyed(decision.value));
      this.#doubted = undefined;
      this.#slotOut += 1; // R4: slot_out never decreases.
    }
    this.#slotIn = Math.max(this.#slotIn, this.#slotOut);
    return effects;
  }

  /**
   * A decided value that is not sound here is asked for again, of the others. What a majority has
   * in the same bytes is what was decided: all apply it, and refuse it in the same way.
   */
  #isTrusted({ ballot, slot, value }: Pvalue): boolean {
    if (this.#judges.isSound(value) || this.#isVouched) return true;
    this.#doubted ??= { value, by: new Set() };
    this.#decisions.delete(slot);
    this.#valueless.set(slot, ballot);
    return false;
  }

  /**
   * Another member has a value that is not sound. Seen for the first time, it may be the way that
   * changed it: who says the same afterwards counts, also where one voter is all that there is.
   * @returns whether it is to be taken so
   */
  #vouch(slot: Slot, value: Value, by: MemberId): boolean {
    if (slot !== this.#slotOut) return false;
    if (this.#doubted !== undefined && sameValue(value, this.#doubted.value)) {
      this.#doubted.by.add(by);
      return this.#isVouched;
    }
    this.#doubted = { value, by: new Set() };
    return false;
  }

  get #isVouched(): boolean {
    if (this.#doubted === undefined) return false;
    return isQuorum(this.#configurations.at(this.#slotOut).voters, this.#doubted.by);
  }

  /** What is compared is the state behind the whole slot. */
  #obeyed(value: Value): Effect[] {
    const own = value.filter(isSystemCommand); // Clients' commands are thousands for one of them.
    const effects = own.flatMap((command) => this.#obey(command));
    return effects.sort((a, b) => Number(isCompare(a)) - Number(isCompare(b)));
  }

  /** What the cluster itself has decided. */
  #obey(command: Command): Effect[] {
    const system = parseSystemCommand(command);
    switch (system?.type) {
      case undefined:
        return [];
      case 'change':
        return this.#reconfigure(system);
      case 'compare':
        return [{ type: 'compare', slot: this.#slotOut }];
      case 'expire':
      case 'quota':
        return [system];
      case 'machine':
        return this.#upgrade(system);
      default:
        return system satisfies never;
    }
  }

  /** From the next slot on, if its voters are still those who have it, and nobody was faster. */
  #upgrade({ version, base }: Upgrade): Effect[] {
    const isVoid = base !== this.#configurations.newest.number || version <= this.version;
    if (isVoid) return [];
    this.#versions = { ...this.#versions, inForce: version };
    return [{ type: 'machine', version }];
  }

  /** A change rules from WINDOW slots later on (PMMC 2.4), if it is not void. */
  #reconfigure({ base, voters, learners, forced, machine = Infinity }: DecidedChange): Effect[] {
    const change = { base, voters, learners, forced };
    const isOld = machine < this.version; // Not all of its voters may have what is in force.
    const configurations = isOld ? undefined : this.#configurations.changed(change, this.#slotOut);
    this.#configurations = configurations ?? this.#configurations;
    return [{ type: 'reconfigured', change, stored: configurations?.stored }];
  }

  /**
   * The decided pvalues from `from` on that are in memory, up to `bytes` of commands (one at
   * least).
   */
  known(from: Slot, bytes: number): Pvalue[] {
    const page = new Page(bytes, this.room);
    for (const [, decision] of this.#decisions.from(from)) if (!page.add(decision)) break;
    return page.pvalues;
  }

  /** Below it, decisions are on disk only. */
  get floor(): Slot {
    return this.#floor;
  }

  /** Forgets decisions below `floor`. */
  forget(floor: Slot): void {
    // R2: all commands below slot_out are in decisions; below the floor, those on disk.
    invariant(floor <= this.#slotOut, 'R2', () => `forgetting ${floor} at ${this.#slotOut}`);
    for (; this.#floor < floor; this.#floor++) {
      invariant(this.#decisions.has(this.#floor), 'R2', () => `no decision ${this.#floor}`);
    }
    this.#decisions.forgetBelow(floor);
  }
}

function isCompare({ type }: Effect): boolean {
  return type === 'compare';
}
