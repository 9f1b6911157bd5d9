import { isForGood, isOfLeaders } from '../plan.ts';
import type { Report } from '../simulation.ts';

/**
 * A run with less proves nothing: also with a queue of two commands, a seventh of all lost and a
 * part of the rest garbled.
 */
const ANSWERED = 25;
const ELECTIONS = 1;
const STRIKES = 1;

/** What the runs of a campaign have at least, on average. */
export const averages = { answered: 200, elections: 2, strikes: 2 };

/**
 * Whether so little happened in a run that it is no pass: a fault mix that stops all traffic breaks
 * no invariant.
 * @returns what there was too little of
 */
export function tooLittle({ plan, answered, elections, faults }: Report): string | undefined {
  if (answered < ANSWERED) return `${answered} operations were answered, not ${ANSWERED}`;
  if (elections < ELECTIONS) return `no leader was elected`;
  for (const { kind } of plan.faults) {
    const strikes = faults.get(kind) ?? 0;
    // A minority may be lost to another fault before; and at times nobody leads.
    if (strikes < STRIKES && !isForGood[kind] && !isOfLeaders(kind))
      return `the fault ${kind} did not strike`;
  }
  return undefined;
}
