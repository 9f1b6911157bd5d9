import type { Input } from '../paxos/input.ts';

/** Messages of other members that wait for their turn, in bytes; what is more comes again. */
const INBOX_BYTES = 16 * 1024 * 1024;
/** Inputs that are stepped in one turn. */
const TURN_INPUTS = 1024;

/** What happened to a member, and is not stepped yet. */
export class Inbox {
  #inputs: { readonly input: Input; readonly bytes: number }[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#inputs.length === 0;
  }

  /** Whether a message of so many bytes may wait, too. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= INBOX_BYTES;
  }

  /** @param bytes that it counts for */
  add(input: Input, bytes: number): void {
    this.#inputs.push({ input, bytes });
    this.#bytes += bytes;
  }

  /** Steps a turn's share, in order. @param isOver whether the turn has done enough */
  drain(step: (input: Input) => void, isOver: () => boolean): void {
    const inputs = this.#inputs;
    this.#inputs = [];
    let stepped = 0;
    for (const { input, bytes } of inputs) {
      if (stepped === TURN_INPUTS || isOver()) break;
      stepped += 1;
      this.#bytes -= bytes;
      step(input);
    }
    if (stepped < inputs.length) this.#inputs = [...inputs.slice(stepped), ...this.#inputs];
  }
}
