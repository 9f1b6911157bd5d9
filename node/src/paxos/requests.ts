import { COMMAND_FRAMING, type Command, type Value } from './pvalue.ts';

/** Commands that wait for a slot, in the order in which they came. */
export class Requests {
  readonly #batchBytes: number;
  readonly #isAnswered: (command: Command) => boolean;
  #waiting: Command[] = [];
  #bytes = 0;
  /** So many of them, from the first on, may have run while they waited. */
  #unsure = 0;
  /** What a message has room for. */
  room = Infinity;
  /** Commands that no message has room for any more: nobody has heard of their refusal yet. */
  #refused: Command[] = [];

  /**
   * @param batchBytes of commands in one slot; a single larger one still gets one of its own
   * @param isAnswered whether a command has run, as far as this member has applied
   */
  constructor(batchBytes: number, isAnswered: (command: Command) => boolean) {
    this.#batchBytes = batchBytes;
    this.#isAnswered = isAnswered;
  }

  get count(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param isBehind whether not all is applied that may be decided: they may have run by then */
  add(commands: readonly Command[], isBehind: boolean): void {
    for (const command of commands) {
      this.#waiting.push(command);
      this.#bytes += command.length;
    }
    if (isBehind) this.#unsure = this.#waiting.length;
  }

  /** They were in a slot that another proposal won: they wait again, before all others. */
  putBack(commands: Value): void {
    this.#waiting = [...commands, ...this.#waiting];
    this.#unsure += commands.length;
    for (const { length } of commands) this.#bytes += length;
  }

  drop(): void {
    this.#waiting = [];
    this.#bytes = 0;
    this.#unsure = 0;
  }

  /**
   * Whether a command waits that may be proposed. The room was larger when those came that do not
   * fit: what cannot be sent never enters a slot.
   */
  hasFitting(): boolean {
    const fits = ({ length }: Command): boolean => length + COMMAND_FRAMING <= this.room;
    const [first] = this.#waiting;
    if (first === undefined || fits(first)) return first !== undefined;
    const fitting = this.#waiting.findIndex(fits);
    this.#refused.push(...this.#take(fitting < 0 ? this.#waiting.length : fitting));
    return this.#waiting.length > 0;
  }

  /** What was refused since it was asked for the last time. */
  takeRefused(): readonly Command[] {
    const refused = this.#refused;
    if (refused.length > 0) this.#refused = [];
    return refused;
  }

  /** The next batch. What has run while it waited, as another leader's, is left out. */
  pack(): Value {
    const value: Command[] = [];
    let bytes = 0;
    let taken = 0;
    for (const command of this.#waiting) {
      const more = bytes + command.length;
      if (value.length > 0 && more > this.#batchBytes) break;
      if (more + (value.length + 1) * COMMAND_FRAMING > this.room) break;
      taken += 1;
      if (taken <= this.#unsure && this.#isAnswered(command)) continue;
      bytes = more;
      value.push(command);
    }
    this.#take(taken);
    return value;
  }

  /** The first commands that wait, which wait no longer. */
  #take(count: number): Value {
    const value = count === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, count);
    this.#waiting = count === this.#waiting.length ? [] : this.#waiting.slice(count);
    for (const { length } of value) this.#bytes -= length;
    this.#unsure = Math.max(0, this.#unsure - count);
    return value;
  }
}
