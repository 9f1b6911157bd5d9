import type { Ballot } from '../paxos/ballot.ts';
import type { HistoryMark } from '../paxos/history.ts';
import type { HeardEnd, HeardEnds, Incarnation, LogEnd } from '../paxos/log-end.ts';
import { reachSteps, type Reach, type TableDigest } from '../paxos/messages.ts';
import type { Pvalue, Value } from '../paxos/pvalue.ts';
import { array, bytes, integer, large, text, token } from './wire-primitives.ts';

/*
 * The fields of frames and messages: one value of the list that those are, or a few in a row. None
 * that came is taken as what it is not: a TypeError says so.
 */

export function ballotToWire({ round, leader }: Ballot): [number, string] {
  return [round, leader];
}

export function ballot(round: unknown, leader: unknown): Ballot {
  return { round: integer(round), leader: token(leader) };
}

export function value(wire: unknown): Value {
  const commands = array(wire);
  for (const command of commands) bytes(command);
  return commands as Uint8Array[];
}

export function pvaluesToWire(pvalues: readonly Pvalue[]): unknown[] {
  return pvalues.map(({ ballot, slot, value }) => [...ballotToWire(ballot), slot, value]);
}

export function pvalues(wire: unknown): Pvalue[] {
  return array(wire).map((entry) => {
    const [round, leader, slot, commands] = array(entry);
    return { ballot: ballot(round, leader), slot: integer(slot), value: value(commands) };
  });
}

export function endToWire({ incarnation, sequence }: LogEnd): number[] {
  return [incarnation.count, incarnation.random, sequence];
}

export function endOf(count: unknown, random: unknown, sequence: unknown): LogEnd {
  return { incarnation: incarnation(count, random), sequence: integer(sequence) };
}

export function incarnation(count: unknown, random: unknown): Incarnation {
  return { count: integer(count), random: integer(random) };
}

export function endsToWire(ends: HeardEnds | undefined): unknown[] | null {
  if (ends === undefined) return null;
  return Object.entries(ends).map(([member, end]) => {
    return [member, ...endToWire(end), ...optional(end.before)];
  });
}

export function endsOf(wire: unknown): { ends?: HeardEnds } {
  if (wire === null) return {};
  const ends = array(wire).map((entry) => {
    const [member, count, random, sequence, before] = array(entry);
    const end = endOf(count, random, sequence);
    const heard: HeardEnd = before === undefined ? end : { ...end, before: integer(before) };
    return [token(member), heard] as const;
  });
  return { ends: Object.fromEntries(ends) };
}

export function historyToWire(history: HistoryMark | undefined): unknown[] {
  return history === undefined ? [null, null, null] : [history.slot, history.from, history.hash];
}

export function historyOf(slot: unknown, from: unknown, hash: unknown): { history?: HistoryMark } {
  return slot === null ? {} : { history: mark(slot, from, hash) };
}

export function mark(slot: unknown, from: unknown, hash: unknown): HistoryMark {
  return { slot: integer(slot), from: integer(from), hash: large(hash) };
}

export function digestsToWire(tables: readonly TableDigest[]): unknown[] {
  return tables.map(({ table, count, sum }) => [table, count, sum]);
}

export function digests(wire: unknown): TableDigest[] {
  return array(wire).map((entry) => {
    const [table, count, sum] = array(entry);
    return { table: text(table), count: integer(count), sum: large(sum) };
  });
}

export function reachStep(wire: unknown): Reach['step'] {
  const step = reachSteps[integer(wire)];
  if (step === undefined) throw new TypeError(`step ${String(wire)}`);
  return step;
}

/** A field that came later: it is left out at the end of a message that lacks it. */
export function optional(field: number | undefined): number[] {
  return field === undefined ? [] : [field];
}

export function surveyOf(wire: unknown): { survey?: number } {
  return wire === null || wire === undefined ? {} : { survey: integer(wire) };
}

export function floorOf(wire: unknown): { floor?: number } {
  return wire === null || wire === undefined ? {} : { floor: integer(wire) };
}
