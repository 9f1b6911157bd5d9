import { AssertionError } from 'node:assert/strict';
import { promises } from '../leadership.ts';
import { calmPlan, planOf } from '../plan.ts';
import { simulate } from '../simulation.ts';

/* Run in a process of its own, among the compiled sources of a mutant: prints a Trial as JSON. */

/** What became of a build under the seeds from 1 on. */
export interface Trial {
  /** A cluster without faults answers its client. */
  readonly isAlive: boolean;
  /** How many seeds were tried, or promises of stable leadership. */
  readonly runs: number;
  /** The seed, or the promise, at which the check of the invariant reported it. */
  readonly killedAt: number | undefined;
  /** Checks that reported something before, and how often. */
  readonly others: Readonly<Record<string, number>>;
}

/**
 * @param invariant what to look for; `any` for the sources as they are, in which nothing breaks
 * @param first a seed to try before those from 1 on
 */
function trial(invariant: string, runs: number, first: number | undefined): Trial {
  const isAlive = simulate(calmPlan, { unchecked: true }).answered > 0;
  const others: Record<string, number> = {};
  const keeps = Object.values(promises);
  if (invariant === 'leadership') {
    const broken = keeps.findIndex((keep) => !isKept(keep)) + 1;
    return { isAlive, runs: broken || keeps.length, killedAt: broken || undefined, others };
  }
  const seeds = Array.from({ length: runs }, (_, i) => i + 1);
  for (const seed of first === undefined ? seeds : [first, ...seeds]) {
    const { failure } = simulate(planOf(seed));
    if (failure === undefined) continue;
    if (failure.invariant === invariant || invariant === 'any') {
      return { isAlive, runs: seed, killedAt: seed, others };
    }
    others[failure.invariant] = (others[failure.invariant] ?? 0) + 1;
  }
  return { isAlive, runs, killedAt: undefined, others };
}

function isKept(keep: () => void): boolean {
  try {
    keep();
    return true;
  } catch (error) {
    if (error instanceof AssertionError) return false;
    throw error;
  }
}

const [invariant = 'any', runs = '1', first] = process.argv.slice(2);
const known = first === undefined ? undefined : Number(first);
process.stdout.write(JSON.stringify(trial(invariant, Number(runs), known)));
