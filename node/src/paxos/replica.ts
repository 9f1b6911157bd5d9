import type { Ballot, MemberId } from './ballot.ts';
import type { Configurations } from './configurations.ts';
import { Decisions } from './decisions.ts';
import type { Effect, Recovered } from './effects.ts';
import type { Propose } from './messages.ts';
import {
  NO_OP,
  sameValue,
  valueBytes,
  type Command,
  type Pvalue,
  type Slot,
  type Value,
} from './pvalue.ts';
import { Requests } from './requests.ts';
import {
  isSystemCommand,
  parseSystemCommand,
  type DecidedChange,
  type Upgrade,
} from './system-command.ts';
import { Retransmission, type Timing } from './timing.ts';
import type { MachineVersions } from './upgrade.ts';

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
  readonly #requests: Requests;
  /** Its own proposals for slots that are not decided. */
  readonly #proposals = new Map<Slot, Value>();
  readonly #decisions: Decisions;
  #slotIn: Slot;
  #versions: MachineVersions;

  constructor(
    configurations: Configurations,
    packing: Packing,
    timing: Timing,
    recovered: Recovered,
    { isSound, isAnswered }: CommandJudges,
    versions: MachineVersions,
  ) {
    this.#versions = versions;
    this.#configurations = configurations;
    this.#packing = packing;
    this.#retransmission = new Retransmission(timing.retransmit, timing.retransmitLongest);
    this.#requests = new Requests(packing.batchBytes, isAnswered);
    const voters = (): readonly MemberId[] => this.#configurations.at(this.slotOut).voters;
    this.#decisions = new Decisions(recovered, isSound, voters);
    this.#slotIn = recovered.slotOut;
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
    return this.#decisions.slotOut;
  }

  /** What a message has room for. */
  set room(bytes: number) {
    this.#requests.room = bytes;
  }

  /** Commands that it was given and that are not applied: waiting, or in a slot. */
  get unapplied(): boolean {
    return this.#requests.count > 0 || this.#proposals.size > 0;
  }

  /** Bytes of commands that are in no slot yet. */
  get requestBytes(): number {
    return this.#requests.bytes;
  }

  /** So many bytes of commands the next slot has room for, beside those that wait. */
  get wanted(): number {
    const { pipeline, batchBytes } = this.#packing;
    return this.#proposals.size < pipeline ? batchBytes - this.#requests.bytes : 0;
  }

  /** One past the highest slot that is known to be decided. */
  get decidedEnd(): Slot {
    return this.#decisions.end;
  }

  /** Whether a slot at or above `slot_out` is known to be decided, but the next one is lacking. */
  behind(target: Slot): boolean {
    return this.slotOut < Math.max(target, this.#decisions.end) && !this.hasMore;
  }

  /**
   * Takes commands of clients.
   * @param isBehind whether not all is applied that may be decided: they may have run by then
   */
  request(commands: readonly Command[], isBehind = false): void {
    this.#requests.add(commands, isBehind);
  }

  /** Proposes what is waiting, as far as the pipeline and WINDOW reach. */
  propose(): Propose[] {
    const proposed: Propose[] = [];
    while (this.#requests.hasFitting() && this.#proposals.size < this.#packing.pipeline) {
      // R5: propose only where the configuration is known: slot_in < slot_out + WINDOW.
      if (this.#slotIn >= this.slotOut + this.#configurations.window) break;
      const slot = this.#slotIn;
      this.#slotIn += 1;
      if (this.#isTaken(slot)) continue;
      const waited = this.#requests.count;
      const value = this.#requests.pack();
      if (value.length === 0) {
        this.#slotIn = slot; // What was next has run.
        if (this.#requests.count === waited) break;
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
    const last = Math.min(slot, this.slotOut + this.#configurations.window - 1);
    if (last < this.slotOut || this.#isTaken(last)) return [];
    this.#proposals.set(last, NO_OP);
    return [{ type: 'propose', slot: last, value: NO_OP }];
  }

  /** It is decided, or has an own proposal. */
  #isTaken(slot: Slot): boolean {
    return this.#decisions.has(slot) || this.#proposals.has(slot);
  }

  /** Commands that fit no message any more: those since it was asked for the last time. */
  takeRefused(): readonly Command[] {
    return this.#requests.takeRefused();
  }

  /**
   * Leadership is lost: what waits and what was proposed is others' now. A proposal may be decided
   * yet; its commands run once all the same, as clients send them again with their numbers.
   */
  drop(): void {
    this.#requests.drop();
    this.#proposals.clear();
    this.#slotIn = this.slotOut;
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
    this.#decisions.addWithoutValue(ballot, slot);
  }

  /** The ballot at which the next slot was decided, if that is all that is known of it. */
  get valuelessBallot(): Ballot | undefined {
    return this.#decisions.valuelessBallot;
  }

  /**
   * Takes a decision.
   * @param by who gave its value; nobody, when it is this member's own copy
   * @returns whether it is news
   */
  decided(decision: Pvalue, by?: MemberId): boolean {
    if (!this.#decisions.add(decision, by)) return false;
    this.#settle(decision);
    this.#retransmission.reset();
    return true;
  }

  /** Its own proposal for the slot is over. If another one won, the commands wait again. */
  #settle({ slot, value }: Pvalue): void {
    const own = this.#proposals.get(slot);
    if (own === undefined) return;
    this.#proposals.delete(slot);
    if (!sameValue(own, value)) this.#requests.putBack(own);
  }

  /** The next slot can be applied. */
  get hasMore(): boolean {
    const { inForce, newest } = this.#versions;
    return inForce <= newest && this.#decisions.hasNext;
  }

  /**
   * Applies decided slots in order, up to the first that is not decided, or that a version of the
   * machine rules which this member has not; and no more at a time than `applyBytes` says.
   */
  perform(): Effect[] {
    const effects: Effect[] = [];
    let bytes = 0;
    while (this.hasMore) {
      const value = this.#decisions.next();
      if (value === undefined) break;
      bytes += valueBytes(value);
      if (effects.length > 0 && bytes > this.#packing.applyBytes) break;
      // R3: the state is the decisions applied in slot order, up to slot_out.
      effects.push({ type: 'apply', slot: this.slotOut, value });
      effects.push(...this.#obeyed(value));
      this.#decisions.advance();
    }
    this.#slotIn = Math.max(this.#slotIn, this.slotOut);
    return effects;
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
        return [{ type: 'compare', slot: this.slotOut }];
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
    const configurations = isOld ? undefined : this.#configurations.changed(change, this.slotOut);
    this.#configurations = configurations ?? this.#configurations;
    return [{ type: 'reconfigured', change, stored: configurations?.stored }];
  }

  /**
   * The decided pvalues from `from` on that are in memory, up to `bytes` of commands (one at
   * least).
   */
  known(from: Slot, bytes: number): Pvalue[] {
    return this.#decisions.known(from, bytes, this.#requests.room);
  }

  /** Below it, decisions are on disk only. */
  get forgotten(): Slot {
    return this.#decisions.forgotten;
  }

  /** Forgets decisions below a slot. */
  forget(below: Slot): void {
    this.#decisions.forget(below);
  }
}

function isCompare({ type }: Effect): boolean {
  return type === 'compare';
}
