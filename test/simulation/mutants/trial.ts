import { AssertionError } from 'node:assert/strict';
import { promises } from '../leadership.ts';
import { calmPlan, planOf } from '../plan.ts';
import { simulate } from '../simulation.ts';
import type { Witness } from './witnesses.ts';

/* Run in a process of its own, among the compiled sources of a mutant: prints a Trial as JSON. */

/** What a trial is to look for, as its first argument has it in JSON. */
export interface TrialRequest {
  readonly invariant: string;
  readonly witness?: Witness | undefined;
  readonly seeds: readonly number[];
}

/** What became of a build. */
export interface Trial {
  /** A cluster without faults answers its client. */
  readonly isAlive: boolean;
  /** The seed, or the promise of stable leadership, at which the check of the invariant fired. */
  readonly killedAt: Witness | undefined;
  /** Checks that reported something before, and how often. */
  readonly others: Readonly<Record<string, number>>;
}

/**
 * @param invariant what to look for; `any` for the sources as they are, in which nothing breaks
 * @param witness where it was noticed once: tried first
 * @param seeds in the order in which they are tried
 */
function trial(invariant: string, witness: Witness | undefined, seeds: readonly number[]): Trial {
  const isAlive = simulate(calmPlan, { unchecked: true }).answered > 0;
  if (invariant === 'leadership') {
    return { isAlive, killedAt: brokenPromise(witness), others: {} };
  }
  const others: Record<string, number> = {};
  for (const seed of typeof witness === 'number' ? [witness, ...seeds] : seeds) {
    const { failure } = simulate(planOf(seed));
    if (failure === undefined) continue;
    if (failure.invariant === invariant || invariant === 'any') {
      return { isAlive, killedAt: seed, others };
    }
    others[failure.invariant] = (others[failure.invariant] ?? 0) + 1;
  }
  return { isAlive, killedAt: undefined, others };
}

function brokenPromise(witness: Witness | undefined): string | undefined {
  const names = Object.keys(promises);
  const first = names.filter((name) => name === witness);
  return [...first, ...names].find((name) => !isKept(promises[name]));
}

function isKept(keep: (() => void) | undefined): boolean {
  try {
    keep?.();
    return true;
  } catch (error) {
    if (error instanceof AssertionError) return false;
    throw error;
  }
}

const { invariant, witness, seeds } = JSON.parse(process.argv[2] ?? '{}') as TrialRequest;
process.stdout.write(JSON.stringify(trial(invariant, witness, seeds)));
