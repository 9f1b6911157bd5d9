import { parentPort } from 'node:worker_threads';
import { tooLittle } from './checks/floor.ts';
import { planOf, type FaultKind } from './plan.ts';
import { simulate, type Report } from './simulation.ts';

/** What a run was, without its plan: the seed gives it again. */
export type Run = Omit<Report, 'plan'> & {
  readonly seed: number;
  readonly armed: readonly FaultKind[];
};

/** Runs the plan of a seed. Too little of everything is a failure, too. */
export function runOf(seed: number): Run {
  const report = simulate(planOf(seed));
  const { plan, ...rest } = report;
  const armed = [...new Set(plan.faults.map(({ kind }) => kind))];
  const lack = tooLittle(report);
  const failure =
    lack === undefined || rest.failure !== undefined
      ? rest.failure
      : { invariant: 'floor', message: lack, stack: undefined, at: rest.simulatedMs };
  return { ...rest, failure, seed, armed };
}

parentPort?.on('message', (seed: number) => parentPort?.postMessage(runOf(seed)));
