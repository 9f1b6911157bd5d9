import { AssertionError } from 'node:assert/strict';
import { promises } from '../leadership.ts';
import { calmPlan, planOf } from '../plan.ts';
import { simulate } from '../simulation.ts';

/* Run in a process of its own, among the compiled sources of a mutant: prints a Trial as JSON. */

/** What became of a build. */
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
 * @param seeds in the order in which they are tried
 */
function trial(invariant: string, seeds: readonly number[]): Trial {
  const isAlive = simulate(calmPlan, { unchecked: true }).answered > 0;
  const others: Record<string, number> = {};
  const keeps = Object.values(promises);
  if (invariant === 'leadership') {
    const broken = keeps.findIndex((keep) => !isKept(keep)) + 1;
    return { isAlive, runs: broken || keeps.length, killedAt: broken || undefined, others };
  }
  for (const [i, seed] of seeds.entries()) {
    const { failure } = simulate(planOf(seed));
    if (failure === undefined) continue;
    if (failure.invariant === invariant || invariant === 'any') {
      return { isAlive, runs: i + 1, killedAt: seed, others };
    }
    others[failure.invariant] = (others[failure.invariant] ?? 0) + 1;
  }
  return { isAlive, runs: seeds.length, killedAt: undefined, others };
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

const [invariant = 'any', seeds = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(trial(invariant, seeds.split(',').map(Number))));
