import type { Plan } from './plan.ts';
import { simulate, type Failure } from './simulation.ts';

/** Of the delays and losses that a plan leaves open, so many others are tried with each cut. */
const SEEDS = 3;

export interface Minimised {
  readonly plan: Plan;
  readonly failure: Failure;
  /** How many runs it took. */
  readonly runs: number;
  /** Whether nothing more can be left out; otherwise the time was over. */
  readonly isLeast: boolean;
}

/**
 * Leaves out of a failing run what its failure does not need, by delta debugging (Zeller and
 * Hildebrandt, 2002): requests, faults, members, clients, lost and doubled messages, time.
 * @param failure what the plan fails with: the same invariant has to break
 * @param isOver asked between runs: whether to stop with what there is
 */
export function minimise(plan: Plan, failure: Failure, isOver: () => boolean): Minimised {
  return new Minimiser(plan, failure, isOver).run();
}

class Minimiser {
  readonly #isOver: () => boolean;
  readonly #invariant: string;
  #plan: Plan;
  #failure: Failure;
  #runs = 0;

  constructor(plan: Plan, failure: Failure, isOver: () => boolean) {
    this.#plan = plan;
    this.#failure = failure;
    this.#invariant = failure.invariant;
    this.#isOver = isOver;
  }

  run(): Minimised {
    let before: Plan;
    do {
      before = this.#plan;
      this.#simplify();
      this.#leaveOut('requests');
      this.#leaveOut('faults');
      this.#leaveOut('resizes');
    } while (this.#plan !== before && !this.#isOver());
    const isLeast = !this.#isOver();
    return { plan: this.#plan, failure: this.#failure, runs: this.#runs, isLeast };
  }

  /** Tries whole properties of the run at their least. */
  #simplify(): void {
    this.#cutTail();
    for (const without of [{ loss: 0 }, { duplication: 0 }, { delay: 0 }]) this.#try(without);
    for (const members of [1, 2, 3, 5]) {
      if (members < this.#plan.members && this.#try({ members })) break;
    }
    this.#try({ mode: 'safety' });
    this.#try({ leadership: 'stable' });
    const faults = this.#plan.faults.map((fault) => ({ ...fault, forMs: fault.forMs / 2 }));
    if (faults.some(({ forMs }) => forMs > 10)) this.#try({ faults });
    this.#oneClient();
  }

  /** Nothing after the failure can have caused it. */
  #cutTail(): void {
    const { at } = this.#failure;
    const requests = this.#plan.requests.filter((request) => request.at <= at);
    const faults = this.#plan.faults.filter((fault) => fault.at <= at);
    const forMs = Math.min(this.#plan.forMs, Math.ceil(at));
    const isShorter = requests.length < this.#plan.requests.length || forMs < this.#plan.forMs;
    if (isShorter || faults.length < this.#plan.faults.length) {
      this.#try({ requests, faults, forMs });
    }
  }

  #oneClient(): void {
    if (this.#plan.clients === 1) return;
    const requests = this.#plan.requests.map((request) => ({ ...request, client: 0 }));
    if (this.#try({ clients: 1, requests })) return;
    const used = [...new Set(this.#plan.requests.map(({ client }) => client))].sort();
    const renumbered = this.#plan.requests.map((request) => {
      return { ...request, client: used.indexOf(request.client) };
    });
    if (used.length < this.#plan.clients) {
      this.#try({ clients: Math.max(1, used.length), requests: renumbered });
    }
  }

  /** Leaves out ever smaller parts of a list, as long as it still fails. */
  #leaveOut(list: 'requests' | 'faults' | 'resizes'): void {
    let size = Math.ceil(this.#plan[list].length / 2);
    while (this.#plan[list].length > 0) {
      let isCut = false;
      for (let from = 0; from < this.#plan[list].length && !this.#isOver();) {
        const kept = this.#plan[list].filter((_, i) => i < from || i >= from + size);
        if (this.#try({ [list]: kept })) isCut = true;
        else from += size;
      }
      if (this.#isOver()) return;
      if (!isCut) {
        if (size === 1) return;
        size = Math.ceil(size / 2);
      }
    }
  }

  /** @returns whether it still fails with this change, which then stays */
  #try(change: Partial<Plan>): boolean {
    for (let i = 0; i < SEEDS && !this.#isOver(); i++) {
      const plan = { ...this.#plan, ...change, seed: this.#plan.seed + i };
      this.#runs += 1;
      const { failure } = simulate(plan);
      if (failure?.invariant !== this.#invariant) continue;
      this.#plan = plan;
      this.#failure = failure;
      return true;
    }
    return false;
  }
}
