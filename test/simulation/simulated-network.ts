import { MemoryNetwork } from '../../node/src/transport/memory.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** What became of a frame, for the trace. */
export interface Carried {
  readonly from: string;
  readonly to: string;
  readonly data: Uint8Array;
  readonly sentAt: number;
  /** When it arrives, each time it does; nothing when it is lost. */
  readonly arrivesAt: readonly number[];
}

const USUAL_MS = 3;
const LONG_MS = 400;

/** The broker between the members: it delays, reorders, loses and doubles, as the plan has it. */
export class SimulatedNetwork {
  readonly members: MemoryNetwork;
  messages = 0;
  readonly #plan: Plan;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #arrive: (to: string, deliver: () => void) => void;
  readonly #carried: (frame: Carried) => void;
  /** Directed pairs that are cut, and by how many faults. */
  readonly #cuts = new Map<string, number>();
  readonly #silent = new Set<string>();
  #isFaulty = true;

  constructor(
    plan: Plan,
    scheduler: Scheduler,
    random: Random,
    arrive: (to: string, deliver: () => void) => void,
    carried: (frame: Carried) => void,
  ) {
    this.#plan = plan;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#arrive = arrive;
    this.#carried = carried;
    this.members = new MemoryNetwork((from, to, deliver, data) => {
      if (this.#silent.has(from)) return;
      const delays = this.#delays(from, to);
      this.#carry(delays, () => this.#arrive(to, deliver));
      const { now } = this.#scheduler;
      this.#carried({ from, to, data, sentAt: now, arrivesAt: delays.map((each) => now + each) });
    });
  }

  /** Carries something between a client and a member, under the same faults. */
  carry(from: string, to: string, deliver: () => void): void {
    this.#carry(this.#delays(from, to), deliver);
  }

  #carry(delays: readonly number[], deliver: () => void): void {
    this.messages += 1;
    for (const delay of delays) this.#scheduler.after(delay, deliver);
  }

  #delays(from: string, to: string): number[] {
    if (this.#cuts.has(`${from}>${to}`)) return [];
    const random = this.#random;
    if (!this.#isFaulty) return [this.#usual()];
    const { loss, duplication, delay } = this.#plan;
    if (random.chance(loss)) return [];
    const once = (): number => (random.chance(delay) ? random.between(0, LONG_MS) : this.#usual());
    return random.chance(duplication) ? [once(), once()] : [once()];
  }

  #usual(): number {
    return this.#random.between(0.05, USUAL_MS);
  }

  /** Nothing passes from one to the other until `heal`. */
  cut(from: string, to: string): void {
    const pair = `${from}>${to}`;
    this.#cuts.set(pair, (this.#cuts.get(pair) ?? 0) + 1);
  }

  heal(from: string, to: string): void {
    const pair = `${from}>${to}`;
    const left = (this.#cuts.get(pair) ?? 0) - 1;
    if (left > 0) this.#cuts.set(pair, left);
    else this.#cuts.delete(pair);
  }

  /** What it sends from now on, until it is heard again, is lost with it. */
  silence(member: string): void {
    this.#silent.add(member);
  }

  hear(member: string): void {
    this.#silent.delete(member);
  }

  /** No more faults. */
  calm(): void {
    this.#isFaulty = false;
    this.#cuts.clear();
  }
}
