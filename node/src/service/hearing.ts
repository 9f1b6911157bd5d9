import type { MemberId } from '../paxos/ballot.ts';

/**
 * Notices whom a leader does not hear any more. Only a leader hears everybody: all whom it names
 * answer its heartbeats, and nobody else's. It counts ticks and not seconds: a process that was
 * stopped for a while has heard nobody meanwhile, and blames nobody for it.
 */
export class Hearing {
  readonly #unheardTicks: number;
  /** Ticks since each of those whom it expects to hear was heard. */
  #ticks = new Map<MemberId, number>();

  constructor(unheardTicks: number) {
    this.#unheardTicks = unheardTicks;
  }

  /** Who was not heard for `unheardTicks`. */
  get unheard(): MemberId[] {
    return [...this.#ticks].filter(([, ticks]) => ticks >= this.#unheardTicks).map(([id]) => id);
  }

  heard(from: MemberId): void {
    if (this.#ticks.has(from)) this.#ticks.set(from, 0);
  }

  /** @param expected nobody, while this member does not lead: then the count begins anew */
  tick(expected: readonly MemberId[]): void {
    this.#ticks = new Map(expected.map((id) => [id, (this.#ticks.get(id) ?? -1) + 1]));
  }
}
